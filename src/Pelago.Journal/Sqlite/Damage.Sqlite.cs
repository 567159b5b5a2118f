using Pelago.Model;

namespace Pelago.Journal;

internal static partial class Damage
{
    /// <summary>The failure that a store's exception stands for, met while one thing was read.</summary>
    public static Failure Of(StoreException e) => e.IsDamage ? Failure(PageOf(e)) : StoreFailed(e);

    /// <summary>The failure that a store's exception stands for, met by the writer or by a read of many entities.
    /// </summary>
    public static Failure OfMany(StoreException e) => e.IsDamage ? OfPart(PageOf(e)) : StoreFailed(e);

    /// <summary>The same damage, met on the way to serving: nothing that is kept in the journal runs.</summary>
    public static Failure Unusable(JournalOptions options, Failure met) => new(ErrorCodes.JournalDamaged,
        $"The journal in '{options.DataDirectory}' cannot be used: {Bare(met)}",
        $"Until that is mended {options.Owner} does not run; others go on. To mend it: stop the region, move "
        + $"'{options.DataDirectory}' elsewhere, start the region. What other regions have comes back; what only "
        + "this one had is in the moved folder alone, so keep it.");

    private static string PageOf(StoreException e) => $"a page of the database is damaged ({e.Message})";

    private static Failure StoreFailed(StoreException e) => new(ErrorCodes.JournalStoreFailed,
        Sentence.End($"The store beneath the journal failed: {e.Message}"),
        "Free space on its disk or repair it; the journal goes on by itself.");
}
