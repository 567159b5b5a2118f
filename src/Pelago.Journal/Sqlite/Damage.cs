using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Says what is damaged, and what that means, which depends on where it was met: what belongs to one entity
/// parks that entity, a page that many need takes from all of them, and a journal that does not open stops whatever is
/// kept in it.</summary>
internal static class Damage
{
    private const string Begin = "In the journal, ";

    private const string Parked =
        "What is named is parked here, everything else goes on. What other regions have of it comes back once this "
        + "journal is set aside: 'pelago doctor' prints the commands.";

    /// <summary>Damage of something that can be named: everything else is served.</summary>
    public static Failure Failure(string what) => new(ErrorCodes.JournalDamaged, $"{Begin}{what}.", Parked);

    public static Failure Row(int lane, ulong position)
        => Failure($"the row at position {position} of lane {lane} is damaged, was altered, or is missing");

    /// <summary>The failure that a store's exception stands for, met while one thing was read.</summary>
    public static Failure Of(StoreException e) => e.IsDamage ? Failure(PageOf(e)) : StoreFailed(e);

    /// <summary>The failure that a store's exception stands for, met by the writer or by a read of many entities: the
    /// journal stays open, but part of it cannot be used.</summary>
    public static Failure OfMany(StoreException e) => e.IsDamage
        ? new Failure(ErrorCodes.JournalDamaged,
            $"{Begin}{PageOf(e)}: writes and replication that need it fail, everything else goes on.",
            "What other regions have comes back once this journal is set aside: 'pelago doctor' prints the commands.")
        : StoreFailed(e);

    /// <summary>The same damage, met on the way to serving: nothing that is kept in the journal runs.</summary>
    public static Failure Unusable(JournalOptions options, Failure met)
    {
        var what = met.Message.StartsWith(Begin, StringComparison.Ordinal) ? met.Message[Begin.Length..] : met.Message;
        return new Failure(ErrorCodes.JournalDamaged,
            $"The journal in '{options.DataDirectory}' cannot be used: {what}",
            $"Until that is mended {options.Owner} does not run; others go on. To mend it: stop the region, move "
            + $"'{options.DataDirectory}' elsewhere, start the region. What other regions have comes back; what only "
            + "this one had is in the moved folder alone, so keep it.");
    }

    private static string PageOf(StoreException e) => $"a page of the database is damaged ({e.Message})";

    private static Failure StoreFailed(StoreException e) => new(ErrorCodes.JournalStoreFailed,
        Sentence.End($"The store beneath the journal failed: {e.Message}"),
        "Free space on its disk or repair it; the journal goes on by itself.");
}
