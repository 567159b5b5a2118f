namespace Pelago.Cli;

/// <summary>Names of the roles of a world, as commands and logs show them.</summary>
internal static class RoleNames
{
    public const string Supervisor = "supervisor";
    public const string Federation = "federation";
    public const string Wan = "wan";

    private const string RegionPrefix = "region/";
    private const string ServerPrefix = "postgres/";

    public static string Region(string region) => RegionPrefix + region;

    /// <summary>The PostgreSQL server of a region.</summary>
    public static string Server(string region) => ServerPrefix + region;

    public static bool IsServer(string role) => role.StartsWith(ServerPrefix, StringComparison.Ordinal);

    public static bool IsRegion(string role) => role.StartsWith(RegionPrefix, StringComparison.Ordinal);
}
