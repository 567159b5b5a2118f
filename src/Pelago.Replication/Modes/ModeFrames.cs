namespace Pelago.Replication;

/// <summary>Asks for a page of a history that its region has opened; a <see cref="FetchedFrame"/> answers.</summary>
public sealed record FetchTypeFrame(long Request, int Lane, OpenedHistory History) : Frame
{
    /// <summary>As the answer before said; 0 for the first page.</summary>
    public ulong Scanned { get; init; }

    /// <summary>As the answer before said; 0 for the first page.</summary>
    public ulong Until { get; init; }
}
