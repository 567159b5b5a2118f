using Pelago.Client;
using Pelago.Entities;

namespace Pelago.Region;

/// <summary>How the runtime of the region's own entities is, and the disk beneath it.</summary>
internal sealed class RuntimeHealth(EntityRuntime runtime, JournalProbe probe)
{
    /// <summary>Why the journal cannot be written, or null. A runtime whose journal failed has ended; a disk that would
    /// fail it is found by writing to it.</summary>
    public async Task<string?> TroubleAsync(CancellationToken cancellationToken)
        => runtime.IsServing ? (await probe.CheckAsync(cancellationToken)).Trouble
            : "The region's journal cannot be written.";

    /// <summary>How far the region's own entities have replicated.</summary>
    public async ValueTask<IReadOnlyList<PeerReplication>> ReplicationAsync(CancellationToken cancellationToken)
    {
        if (!runtime.IsServing)
            return [];
        var described = await runtime.InspectAsync((kernel, now) => kernel.Describe(now), cancellationToken);
        return [.. described.Peers.Select(p => new PeerReplication(
            p.Name, p.State, p.LagMilliseconds < 0 ? null : p.LagMilliseconds,
            (long)Math.Min(p.BehindEvents, long.MaxValue), p.Path))];
    }
}
