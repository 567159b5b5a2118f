using System.Globalization;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>What a region that was removed leaves behind: its journals may hold events that nobody else has, so they
/// are set aside and not deleted. A region of the same name that is added later begins with nothing.</summary>
internal static class RegionLeavings
{
    /// <summary>Moves guard files, server and home of a region under <c>removed/NAME-TIME</c>. The home is last: as
    /// long as it is there, whoever was interrupted can repeat it.</summary>
    /// <returns>Where they are; null when there is nothing.</returns>
    /// <exception cref="PelagoException">PLG1103.</exception>
    public static string? SetAside(WorldDirectory directory, string region, TimeProvider time)
    {
        (string From, string Name)[] left =
        [
            (directory.Guards(region), "guards"), (directory.ServerHome(region), "postgres"),
            (directory.RegionHome(region), "region"),
        ];
        left = [.. left.Where(l => Directory.Exists(l.From))];
        if (left.Length == 0)
            return null;
        var aside = Path.Combine(directory.Removed, string.Create(
            CultureInfo.InvariantCulture, $"{region}-{time.GetUtcNow():yyyyMMdd'T'HHmmssfff}"));
        try
        {
            PrivateFile.CreateDirectory(aside);
            foreach (var (from, name) in left)
                Directory.Move(from, Path.Combine(aside, name));
            return aside;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ErrorCodes.WorldAccess,
                Sentence.End($"What is left of region '{region}' cannot be set aside: {e.Message}"),
                "Mend that, then repeat the command.").ToException(e);
        }
    }
}
