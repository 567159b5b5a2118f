using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>
/// <para>Taking entities as snapshots. Whoever serves a lane of which rows are gone names the entities concerned; what
/// is missing of them here is owed, like everything that a frontier passes, and fetched from whoever has it. The answer
/// to a fetch of what is gone is the entity's checkpoint. It is stored in place of the events that it stands for; rows
/// of later events stay, those written here included, and the entity is folded anew from both.</para>
/// <para>Nothing is taken that stands for less than what is gone here already, that this build cannot read, or that
/// does not come out as it went in.</para>
/// </remarks>
internal sealed partial class LaneReplica
{
    /// <summary>What an entry counts of a lane's credit.</summary>
    public const int CompactedWeight = 256;

    private readonly Queue<(CompactedFrame Frame, InboundFrame Inbound)> compactedQueue = new();
    private readonly HashSet<(EntityKey, string)> refusedSnapshots = [];

    /// <summary>Takes a subscription's list of entities whose events are not all sent.</summary>
    public void Receive(long link, CompactedFrame frame)
    {
        if (Fenced)
            return;
        var cursor = Cursor(frame.Origin);
        var inbound = new InboundFrame(link, CompactedWeight * frame.Entities.Count, frame.Entities.Count, 0)
            { Cursor = cursor };
        cursor.Inbound.Enqueue(inbound);
        compactedQueue.Enqueue((frame, inbound));
        TakeCompacted();
    }

    /// <summary>Takes as many as may be owed at once; the credit of the others comes back later.</summary>
    public void TakeCompacted()
    {
        while (owed.Count < context.Options.MaxOwedSnapshots && compactedQueue.TryDequeue(out var next))
        {
            var origin = next.Frame.Origin;
            foreach (var named in next.Frame.Entities)
                OweCompacted(named, origin, next.Inbound);
        }
    }

    private void OweCompacted(CompactedEntity named, Origin origin, InboundFrame inbound)
    {
        if (IsClosedHere(named.Entity.Type))
        {
            filling.Resolves.Add(inbound);
            return;
        }
        var cursor = Cursor(origin);
        cursor.Unplaced++;
        WithEntity(named.Entity, entity =>
        {
            cursor.Unplaced--;
            if (entity.Seen[origin] < named.Through)
                Owe(entity, origin, named, inbound);
            else if (entity.Pending == 0)
                Resolve(inbound);
            else
                entity.NewestGroup!.Resolves.Add(inbound);
        });
    }

    // Where the first missing one stood at its origin nobody knows any more: after what was consumed.
    private void Owe(EntityReplica entity, Origin origin, CompactedEntity named, InboundFrame? inbound)
    {
        if (past.Include(origin))
            Reopen(origin);
        var gap = owed.Find(o => o.Entry.Entity == entity.Key && o.Entry.Origin.Equals(origin));
        if (gap is null)
        {
            var position = Math.Min(Cursor(origin).Frontier + 1, named.Position);
            gap = new OwedGap(new Owed(entity.Key, origin, entity.Seen[origin] + 1, position), named.Through);
            owed.Add(gap);
            context.Hit(Probe.OwedNoted);
        }
        else if (gap.LastKnown > 0)
            gap.LastKnown = Math.Max(gap.LastKnown, named.Through);
        gap.HighestPosition = Math.Max(gap.HighestPosition, named.Position);
        gap.IsSnapshot = true;
        filling.Settled.Remove(gap);
        filling.Owed.Remove(gap);
        filling.Owed.Add(gap);
        if (inbound is not null)
            filling.Resolves.Add(inbound);
    }

    /// <summary>What a comparison has missed cannot be fetched as events any more: it is owed.</summary>
    public void OweMissing(EntityKey key, Origin origin, ulong through) => WithEntity(key, entity =>
    {
        if (!entity.IsBlind && entity.Seen[origin] < through)
            Owe(entity, origin, new CompactedEntity(key, through, Cursor(origin).Frontier + 1), null);
    });

    /// <summary>A snapshot came whole, in answer to a fetch.</summary>
    public void Take(OwedGap gap, string peer, ReadOnlyMemory<byte> content)
    {
        gap.FetchUnderWay = false;
        if (Fenced)
            return;
        WithEntity(gap.Entry.Entity, entity =>
        {
            if (IsBeingCompacted(entity.Key))
            {
                // What is durable next may stand for more, and for other rows, than what is known of it now.
                AbortCompaction(CameMeanwhile(entity.Key), entity.Key);
                return;
            }
            if (Refuse(entity, content, out var taken) is { } why)
            {
                gap.InVainAt[peer] = context.Now.MonotonicMilliseconds;
                gap.NextFetchMilliseconds = context.Now.MonotonicMilliseconds + RefusedPause(gap);
                context.Hit(Probe.SnapshotRefused);
                if (refusedSnapshots.Count < MaxRipening && refusedSnapshots.Add((entity.Key, peer)))
                    context.Alarm(AlarmKind.SnapshotRefused,
                        $"The snapshot of {entity.Key} that {peer} sent is not taken: {why}.");
                return;
            }
            if (writer.Current is { } own && taken!.Vector[own] > entity.Seen[own])
                links.OwnSnapshotBeyondSeen(entity.Key, own);
            else if (!entity.IsBlind && !entity.Seen.Covers(taken!.Vector))
                Adopt(entity, taken, content);
            else if (!entity.IsBlind)
            {
                // Nothing of it is new: what is missing comes after it, as events.
                (gap.NextPage, gap.PagesOf) = (taken!.Vector.Named(gap.Entry.Origin) + 1, peer);
                gap.NextFetchMilliseconds = context.Now.MonotonicMilliseconds;
            }
        });
    }

    // Each peer in turn, and then less and less often: what it sends stays the same until another build is deployed.
    private long RefusedPause(OwedGap gap)
    {
        var rounds = ++gap.Refused / Math.Max(1, links.Peers.Count(p => p.IsLive));
        return Math.Min(context.Options.RefusedSnapshotMaxMilliseconds,
            (long)PeerLinks.FetchPauseMilliseconds << Math.Min(rounds, 20));
    }

    // Null when it can be taken, or nothing of it is new.
    private string? Refuse(EntityReplica entity, ReadOnlyMemory<byte> content, out CheckpointContent? taken)
    {
        if (!CheckpointCodec.TryRead(entity.Key, content.Span, out taken))
            return "it is malformed";
        if (writer.Newest is { } own && taken.Vector[own] <= entity.Seen[own]
            && taken.Positions.GetValueOrDefault(own) > OwnHead)
            return "it names positions that this region never wrote";
        if (!taken.Vector.Covers(entity.Compacted))
            return "it stands for less than what is kept here as a checkpoint";
        if (entity.Key.Type == SubjectType.Name)
            return "no region removes rows of a subject, and what stands for them could bring back what was forgotten";
        if (!context.Knows(entity.Key.Type))
            return null; // kept, like events of types that this build does not have
        try
        {
            var state = entity.Type.ReadState(taken.StateVersion, taken.Prefix.State.Span);
            if (state is null)
            {
                return $"its state has version {taken.StateVersion}, and this build reads version "
                    + $"{entity.Type.StateVersion}";
            }
            _ = EntityFold.Restore(entity.Type, entity.Key.Id, taken.Prefix, taken.StateVersion); // as a load will
            return taken.StateVersion != entity.Type.StateVersion
                || entity.Type.EncodeState(state).AsSpan().SequenceEqual(taken.Prefix.State.Span) ? null
                : "its state is not in canonical form, or this build reads it differently";
        }
        catch (Exception error) // a user's serializer
        {
            return $"its state cannot be read ({error.GetType().Name})";
        }
    }

    // A group with a checkpoint of it is filling or under way.
    private bool IsBeingCompacted(EntityKey key) => filling.Checkpoints.Exists(c => c.Entity == key)
        || underWay?.Checkpoints.Exists(c => c.Entity == key) == true;

    private static Failure CameMeanwhile(EntityKey key) => new(ErrorCodes.CompactionTooEarly,
        $"Another region's snapshot of {key} came meanwhile.", "Ask again.");

    private void Adopt(EntityReplica entity, CheckpointContent taken, ReadOnlyMemory<byte> content)
    {
        AbortCompaction(CameMeanwhile(entity.Key), entity.Key);
        StoreCheckpoint(new EntityCheckpoint(entity.Key, entity.RemovedRows, content), taken);
        foreach (var (origin, position) in taken.Positions)
        {
            var cursor = Cursor(origin);
            if (IsNewest(origin) || position <= cursor.Highest)
                continue;
            RaiseHighest(cursor, position);
        }
        // It is read anew once the checkpoint is durable; what is asked of it meanwhile waits.
        entity.NeedsHistory = true;
        Touch(entity);
        ReportDue = true;
        context.Hit(Probe.SnapshotTaken);
    }
}
