using Pelago.Client;
using Pelago.Entities;

namespace Pelago.Region;

/// <summary>How the runtime of the region's own entities is, and the disk beneath it.</summary>
internal sealed class RuntimeHealth(EntityRuntime runtime, JournalProbe probe)
{
    /// <summary>The region is a member of its group, and has what the others had when it was added.</summary>
    public bool HasJoined => runtime.HasJoined;

    /// <summary>Why the journal cannot be written, or null. A runtime whose journal failed has ended; a disk that would
    /// fail it is found by writing to it.</summary>
    public async Task<string?> TroubleAsync(CancellationToken cancellationToken)
        => runtime.IsServing ? (await probe.CheckAsync(cancellationToken)).Trouble
            : "The region's journal cannot be written.";

    /// <summary>How far the region's own entities have replicated, and which of them are parked: the same that an
    /// instance says of its own.</summary>
    public async ValueTask<InstanceReplication> DescribeAsync(CancellationToken cancellationToken)
    {
        if (!runtime.IsServing)
            return new InstanceReplication([]);
        var described = await runtime.DescribeAsync(cancellationToken);
        return new InstanceReplication([.. described.Peers.Select(p => new PeerReplication(
            p.Peer, p.State, p.LagMs, p.BehindEvents, p.Path))])
        {
            Parked = [.. described.Parked.Select(p => new ParkedEntity(p.Type, p.Id, p.Code, p.Reason, p.Next))],
            ParkedCount = described.ParkedCount,
            Journal = described.Journal is { } trouble
                ? new TroubleView(trouble.Code, trouble.Message, trouble.Next) : null,
            Alarms = [.. described.Alarms.Select(a => new AlarmView(a.Kind, a.Count, a.LastAt, a.Texts, a.Next))],
        };
    }
}
