using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Says what is damaged, in one form.</summary>
internal static class Damage
{
    private const string Next =
        "Everything else goes on. Restore the journal from a backup; or stop its region, move the journal's "
        + "folder away, and start it: what peers have comes back.";

    public static Failure Failure(string what) => new(ErrorCodes.JournalDamaged, $"In the journal, {what}.", Next);

    public static Failure Row(int lane, ulong position)
        => Failure($"the row at position {position} of lane {lane} is damaged, was altered, or is missing");

    /// <summary>The failure that a store's exception stands for.</summary>
    public static Failure Of(StoreException e) => e.IsDamage
        ? Failure($"a page of the database is damaged ({e.Message})")
        : new Failure(ErrorCodes.JournalStoreFailed, Sentence.End($"The store beneath the journal failed: {e.Message}"),
            "Free space on its disk or repair it; the journal goes on by itself.");
}
