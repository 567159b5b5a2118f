using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Looks whether the regions that a world records are those whose homes it holds. A name that was changed in
/// <c>world.json</c> would enrol a new region and leave an old one, with its data, to nobody.</summary>
internal static class RegionHomes
{
    private const string EnrolledBy = "identity.json";

    /// <summary>Compares; a world none of whose regions has enrolled yet is left alone.</summary>
    /// <exception cref="PelagoException">PLG1115.</exception>
    public static void Require(WorldDirectory directory, WorldRecord world)
    {
        var folder = Path.GetDirectoryName(directory.RegionHome("any"))!;
        if (!Directory.Exists(folder))
            return;
        var homes = Directory.GetDirectories(folder).Select(home => Path.GetFileName(home)!).ToList();
        var enrolled = homes.Where(name => File.Exists(Path.Combine(directory.RegionHome(name), EnrolledBy))).ToList();
        if (enrolled.Count == 0)
            return;
        var recorded = world.Regions.Select(region => region.Name).ToList();
        var unknown = enrolled.Except(recorded).Order(StringComparer.Ordinal).ToList();
        var homeless = recorded.Except(homes).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count + homeless.Count == 0)
            return;
        var parts = new List<string>();
        if (unknown.Count > 0)
            parts.Add($"'{folder}' holds {string.Join(", ", unknown)}, which '{directory.WorldFile}' does not name");
        if (homeless.Count > 0)
            parts.Add($"'{directory.WorldFile}' names {string.Join(", ", homeless)}, whose home is not there");
        throw new Failure(ErrorCodes.RegionsMismatch, string.Join("; ", parts) + ".",
            "Nothing was started or changed. Repeat a 'pelago regions remove' that was interrupted, or put the file, "
                + "or the home, back as it was.").ToException();
    }
}
