using System.Globalization;
using System.Text;
using Pelago.Client;

namespace Pelago.Region;

/// <summary>Finds a process whose start was not written down because the region's process ended in between: an instance
/// carries its id, which is random, in its environment.</summary>
internal static class OrphanSearch
{
    private const int MaxEnvironmentBytes = 256 * 1024;

    /// <summary>The process that was started as this instance, or null.</summary>
    public static ProcessIdentity? Find(string instanceId)
    {
        var wanted = Encoding.UTF8.GetBytes($"{InstanceEnvironment.Instance}={instanceId}\0");
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Holds(Path.Combine(directory, "environ"), wanted))
                return ProcessIdentity.Of(pid);
        }
        return null;
    }

    private static bool Holds(string path, byte[] wanted)
    {
        try
        {
            using var file = File.OpenRead(path);
            var content = new byte[MaxEnvironmentBytes];
            var length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return content.AsSpan(0, length).IndexOf(wanted) >= 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // ended meanwhile, or somebody else's
        }
    }
}
