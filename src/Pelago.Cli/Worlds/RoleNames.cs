namespace Pelago.Cli;

/// <summary>Names of the roles of a world, as commands and logs show them.</summary>
internal static class RoleNames
{
    public const string Supervisor = "supervisor";
    public const string Federation = "federation";
    public const string Wan = "wan";

    private const string RegionPrefix = "region/";

    public static string Region(string region) => RegionPrefix + region;

    public static bool IsRegion(string role) => role.StartsWith(RegionPrefix, StringComparison.Ordinal);
}
