using Pelago.Client;
using Pelago.Entities;

namespace Pelago.Region;

/// <summary>How the runtime of the region's own entities is.</summary>
internal sealed class RuntimeHealth(EntityRuntime runtime)
{
    /// <summary>Why the journal cannot be written, or null. A runtime whose journal failed has ended.</summary>
    public ValueTask<string?> TroubleAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(runtime.IsServing ? null : "The region's journal cannot be written.");
    }

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
