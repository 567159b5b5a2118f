using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Says what is damaged, and what that means, which depends on where it was met: what belongs to one entity
/// parks that entity, a page that many need takes from all of them, and a journal that does not open stops whatever is
/// kept in it.</summary>
internal static partial class Damage
{
    private const string Begin = "In the journal, ";

    private const string Parked =
        "What is named is parked here, everything else goes on. What other regions have of it comes back once this "
        + "journal is set aside: 'pelago doctor' prints the commands.";

    private const string Many =
        "What other regions have comes back once this journal is set aside: 'pelago doctor' prints the commands.";

    /// <summary>Damage of something that can be named: everything else is served.</summary>
    public static Failure Failure(string what) => new(ErrorCodes.JournalDamaged, $"{Begin}{what}.", Parked);

    public static Failure Row(int lane, ulong position)
        => Failure($"the row at position {position} of lane {lane} is damaged, was altered, or is missing");

    /// <summary>Damage that takes something from many entities: the journal stays open, but part of it cannot be used.
    /// </summary>
    private static Failure OfPart(string what) => new(ErrorCodes.JournalDamaged,
        $"{Begin}{what}: writes and replication that need it fail, everything else goes on.", Many);

    private static string Bare(Failure met)
        => met.Message.StartsWith(Begin, StringComparison.Ordinal) ? met.Message[Begin.Length..] : met.Message;
}
