using System.Security.Cryptography;
using System.Text;

namespace Pelago.Model;

/// <summary>Where the journals of a world lie, as <c>world.json</c> and <c>up --journal</c> name it.</summary>
public static class JournalStores
{
    /// <summary>In files beside the programs that write them.</summary>
    public const string Sqlite = "sqlite";

    /// <summary>On one PostgreSQL server a region.</summary>
    public const string Postgres = "postgres";

    /// <summary>Database of a region's own journal. That of a service has a slash in its name.</summary>
    public const string RegionDatabase = "region";

    private const int MaxNameBytes = 63; // PostgreSQL's own limit
    private const int HashedBytes = 8;

    /// <summary>Whether a word names one of them.</summary>
    public static bool IsKnown(string? word) => word is Sqlite or Postgres;

    /// <summary>Database of a service's journal, and the only user who may enter it: <c>project/service</c>, or its
    /// beginning and a hash where that is longer than PostgreSQL allows.</summary>
    public static string DatabaseOf(string project, string service)
    {
        var name = $"{project}/{service}";
        if (name.Length <= MaxNameBytes)
            return name;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(name)).AsSpan(0, HashedBytes));
        return $"{name.AsSpan(0, MaxNameBytes - 1 - hash.Length)}.{hash}";
    }
}
