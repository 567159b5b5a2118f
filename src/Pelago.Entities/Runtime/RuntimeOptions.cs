using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Who the runtime is, and its bounds.</summary>
public sealed record RuntimeOptions
{
    /// <summary>Region, members and every interval of the protocol.</summary>
    public required KernelOptions Kernel { get; init; }

    /// <summary>Services that effects of final events are given; none when null.</summary>
    public IServiceProvider? Services { get; init; }

    /// <summary>Longest pause before an effect that failed runs again, in milliseconds; the first is 1,000 or this, and
    /// each is twice the one before. Default 300,000.</summary>
    public int EffectBackoffMilliseconds { get; init; } = 300_000;

    /// <summary>Commands and reads under way at once; what exceeds it is refused with PLG5005. Default
    /// 65,536.</summary>
    public int MaxPendingRequests { get; init; } = 65_536;

    /// <summary>Inputs that one turn of the loop takes before it hands out what they led to. Default 1,024.</summary>
    public int MaxInputsPerTurn { get; init; } = 1_024;

    /// <summary>Loads and page reads under way at once. Default 4.</summary>
    public int ConcurrentReads { get; init; } = 4;

    /// <summary>Interval at which the kernel looks at the time, in milliseconds. Default 15.</summary>
    public int TickMilliseconds { get; init; } = 15;

    /// <summary>Time that a request may take when its sender says nothing, in milliseconds. Default 5,000.</summary>
    public int RequestDeadlineMilliseconds { get; init; } = 5_000;

    /// <summary>Time that requests and links have to end when the runtime stops, in milliseconds. Default
    /// 5,000.</summary>
    public int StopMilliseconds { get; init; } = 5_000;

    /// <summary>Bytes received on one link that wait for the loop; the link is not read beyond them. Default 8
    /// MiB.</summary>
    public int LinkInboundBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Frames that wait for one link; a link that is slower is closed. Default 65,536.</summary>
    public int LinkOutboundFrames { get; init; } = 65_536;

    /// <summary>Links at once, both directions together. Default 64.</summary>
    public int MaxLinks { get; init; } = 64;
}
