using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>What a comparison with other regions, or of a snapshot with the events, asks of a lane.</remarks>
internal sealed partial class LaneReplica
{
    public bool IsForked(EntityKey key) => forked.ContainsKey(key);

    /// <summary>Events of the origin that the entity lacks come by the ordinary course: they are owed, held back, or on
    /// their way to the journal.</summary>
    public bool Expects(EntityKey key, Origin origin)
        => Cursor(origin).Unplaced > 0 || owed.Exists(o => o.Entry.Entity == key && o.Entry.Origin.Equals(origin))
            || (entities.TryGetValue(key, out var entity) && entity.Held.Any(h => h.Event.Origin.Equals(origin)));

    /// <summary>Tells what has been seen of an entity, once that is known; null when nobody can know, because a row
    /// cannot be opened.</summary>
    public void WithSeen(EntityKey key, Action<VersionVector?> tell)
        => WithEntity(key, entity => tell(entity.IsBlind ? null : entity.Seen));

    /// <summary>Takes events that belong to no frontier.</summary>
    /// <param name="settled">Told once each of them is durable, or durably owed.</param>
    public void Receive(long link, IReadOnlyList<EventRecord> events, Action? settled = null)
    {
        if (Fenced)
            return;
        var inbound = new InboundFrame(link, 0, events.Count, 0) { Settled = settled };
        foreach (var e in events)
            Receive(e, inbound);
        if (events.Count == 0)
            Settle(inbound);
    }

    /// <summary>Forgets an entity's snapshot, folds it from its first event, and writes the snapshot anew.</summary>
    public void FoldAgain(EntityKey key) => WithEntity(key, entity =>
    {
        if (Fenced || entity.IsBlind)
            return;
        context.Hit(Probe.SnapshotRefuted);
        context.Alarm(AlarmKind.StateMended,
            $"The snapshot of {key} did not agree with its events; it was folded again from them.");
        entity.NeedsHistory = true;
        if (entity.Pending == 0)
            Reload(entity);
        WithEntity(key, WriteSnapshot);
    });
}
