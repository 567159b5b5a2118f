using Pelago.Model;

namespace Pelago.Journal;

internal static partial class Damage
{
    /// <summary>The server found a page of its own damaged.</summary>
    public static Failure OfServer(string message) => OfPart($"the server reports damage ({message})");

    /// <summary>An index of the server does not lead to every row: what it leaves out reads as missing.</summary>
    public static Failure OfIndex(string table, string columns, long rows, long led) => new(ErrorCodes.JournalDamaged,
        $"{Begin}the table {table} has {rows} rows, and its index on ({columns}) leads to {led}.",
        $"The rows are whole: 'REINDEX TABLE {table}' on the server mends it, while the journal is closed.");

    /// <summary>Damage met on the way to serving: nothing that is kept in the journal runs.</summary>
    public static Failure Unusable(PostgresJournalOptions options, Failure met) => new(ErrorCodes.JournalDamaged,
        $"The journal in schema {options.Schema} cannot be used: {Bare(met)}",
        $"Until that is mended {options.Owner} does not run; others go on. To mend it: restore the database, or rename "
        + "the schema and start again. What other regions have comes back; what only this one had is in the renamed "
        + "schema alone, so keep it.");
}
