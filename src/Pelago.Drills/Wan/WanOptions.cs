namespace Pelago.Drills;

/// <summary>Bounds of the emulator.</summary>
public sealed record WanOptions
{
    /// <summary>Bytes that may be under way in one direction of one connection; a sender that is ahead of it is held
    /// back. More than fills 100 MB/s across 160 ms.</summary>
    public int MaxInFlightBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Connections of one link at a time; more wait in the listener's backlog.</summary>
    public int MaxConnectionsPerLink { get; init; } = 1024;

    /// <summary>Connections that a listener's backlog holds.</summary>
    public int ListenBacklogConnections { get; init; } = 512;

    /// <summary>Largest piece of a stream that is read at a time.</summary>
    public int ReadBytes { get; init; } = 64 * 1024;

    /// <summary>How often a connection that waits for a cut link looks whether its client has given up.</summary>
    public TimeSpan AbandonedCheckInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest delay that may be set.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(60);
}
