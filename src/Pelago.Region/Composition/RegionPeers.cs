using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Where the other regions are: what the region's configuration says of them now. Who is a member is decided
/// among the regions and does not come from here; an address of somebody who is none lets nobody in.</summary>
/// <remarks>Read again when the file has changed, looked at twice a second at most. What cannot be read leaves what was
/// read before.</remarks>
internal sealed class RegionPeers(string configFile, IReadOnlyList<PeerRegion> first, TimeProvider clock)
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);
    private readonly Lock _gate = new();
    private volatile IReadOnlyList<PeerRegion> _current = first;
    private DateTime _written = File.GetLastWriteTimeUtc(configFile);
    private long _lookedAt = clock.GetTimestamp();

    /// <summary>The regions of the group other than this one, as far as their addresses are known.</summary>
    public IReadOnlyList<PeerRegion> Current
    {
        get
        {
            lock (_gate)
            {
                if (clock.GetElapsedTime(_lookedAt) >= Pace)
                    Look();
            }
            return _current;
        }
    }

    private void Look()
    {
        _lookedAt = clock.GetTimestamp();
        try
        {
            var written = File.GetLastWriteTimeUtc(configFile);
            if (written == _written)
                return;
            if (PrivateFile.ReadJson<RegionConfig>(configFile, "'pelago up' writes it anew.") is { } config)
                (_current, _written) = (config.Peers, written);
        }
        catch (Exception e) when (e is PelagoException or IOException or UnauthorizedAccessException)
        {
            // Half written, or of another version: a process that starts says so.
        }
    }
}
