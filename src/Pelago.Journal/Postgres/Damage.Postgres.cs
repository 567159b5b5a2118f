using Pelago.Model;

namespace Pelago.Journal;

internal static partial class Damage
{
    /// <summary>The server found a page of its own damaged.</summary>
    public static Failure OfServer(string message) => OfPart($"the server reports damage ({message})");

    /// <summary>Damage met on the way to serving: nothing that is kept in the journal runs.</summary>
    public static Failure Unusable(PostgresJournalOptions options, Failure met) => new(ErrorCodes.JournalDamaged,
        $"The journal in schema {options.Schema} cannot be used: {Bare(met)}",
        $"Until that is mended {options.Owner} does not run; others go on. To mend it: restore the database, or rename "
        + "the schema and start again. What other regions have comes back; what only this one had is in the renamed "
        + "schema alone, so keep it.");
}
