using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Where a world's journals lie is chosen by its first <c>up</c>: what they hold stays there.</summary>
internal static class JournalChoice
{
    /// <summary>The store of a world that is or will be.</summary>
    /// <param name="known">The recorded world, or null.</param>
    /// <param name="asked">What was asked for, or null.</param>
    /// <exception cref="PelagoException">PLG1117: the world has another one.</exception>
    public static string Of(WorldRecord? known, string? asked)
    {
        if (known is null)
            return asked ?? JournalStores.Sqlite;
        return asked is null || asked == known.Journal ? known.Journal : throw new Failure(ErrorCodes.JournalChosen,
            $"The journals of this world lie in {NameOf(known.Journal)}, and do not move to {NameOf(asked)}.",
            $"Leave out --journal, or make another world with --data DIR --journal {asked}.").ToException();
    }

    /// <summary>What people call a store.</summary>
    public static string NameOf(string journal) => journal == JournalStores.Postgres ? "PostgreSQL" : "SQLite";
}
