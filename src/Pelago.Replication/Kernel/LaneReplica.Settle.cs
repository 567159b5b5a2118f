using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>A frontier says what is here without gaps. When its receiver dies while something is held back, rows lie
/// beyond it; as long as the origin goes on, it sends what is missing again. When that life is over, or its region is
/// away, nobody may ever fill the gap, and the rows beyond it may be the only copies: each region says that it has such
/// rows, and the others take them as they take everything that a relay has. Once all have told and taken everything,
/// what lies between is lost for good, and the life is <em>settled</em>: every member holds the same of it.</remarks>
internal sealed partial class LaneReplica
{
    /// <summary>Not 0 when something of the origin is here beyond what we vouch for; grows with it.</summary>
    public ulong Beyond(Origin origin)
        => !origin.Equals(writer.Newest) && cursors.TryGetValue(origin, out var cursor)
            && cursor.Highest > Vouches(origin) ? cursor.Revision : 0;

    /// <summary>What a report says of the origin; nothing when nothing of it is here.</summary>
    public LaneHolding? HoldingOf(OriginCursor cursor)
    {
        var holding = new LaneHolding(Lane, cursor.Origin, Vouches(cursor.Origin))
        {
            Beyond = Beyond(cursor.Origin), Settled = cursor.Settled, Busy = cursor.Busy,
        };
        return holding.Position == 0 && holding is { Beyond: 0, Busy: false } ? null : holding;
    }

    /// <summary>Looks at a life that is over: is all that arrived of it durable?</summary>
    public void LookForBusy(OriginCursor cursor)
    {
        var busy = IsBusy(cursor);
        ReportDue |= busy != cursor.Busy;
        cursor.Busy = busy;
    }

    /// <summary>Every member has told and sent all it has of this life: nothing that is missing exists.</summary>
    public void Settle(OriginCursor cursor)
    {
        var origin = cursor.Origin;
        if (cursor.Busy || cursor.Highest <= Holds(origin) || owed.Exists(o => o.Entry.Origin.Equals(origin)))
            return;
        cursor.Settled = cursor.Highest;
        context.Hit(Probe.LifeSettled);
        FrontierMoved();
    }

    /// <summary>The life goes on after all.</summary>
    public void Unsettle(OriginCursor cursor)
    {
        if (past.Include(cursor.Origin))
            Reopen(cursor.Origin);
        (cursor.IsRetired, cursor.Busy) = (false, false);
        if (cursor.Settled == 0)
            return;
        cursor.Settled = 0;
        ReportDue = true;
        context.Hit(Probe.LifeUnsettled);
    }

    /// <summary>Looks whether a life that is over has left the vectors: all of it is here, and every member has said
    /// that it holds all of it. Whoever writes from now on has seen it.</summary>
    public void LookForRetired(OriginCursor cursor)
    {
        var origin = cursor.Origin;
        if (cursor.IsRetired || cursor.Busy || cursor.Highest == 0 || Holds(origin) < cursor.Highest
            || Finality.Through(origin) < cursor.Highest)
            return;
        cursor.IsRetired = true;
        context.Hit(Probe.LifeRetired);
    }

    // What an event says of lives that are over: one entry a region instead of one a life. That of events is remembered
    // with the entity, because a member that is away keeps everybody from finding it out again after a restart.
    private VersionVector Retire(EntityReplica entity)
    {
        if (entity.Seen.Count <= context.Members.Count)
            return entity.Seen;
        return WithoutRetired(entity);
    }

    private VersionVector WithoutRetired(EntityReplica entity) => entity.Seen.Retire(
        origin => links.AllLiveAfter(origin)
            && (entity.IsRetired(origin) || past.Include(origin)
                || (cursors.TryGetValue(origin, out var cursor) && cursor.IsRetired)));

    /// <summary>Something of such lives has arrived and is not durable, or is owed.</summary>
    public bool IsUnfinished(Predicate<Origin> among) => owed.Exists(o => among(o.Entry.Origin))
        || cursors.Values.Any(c => IsBusy(c) && among(c.Origin));

    private bool IsBusy(OriginCursor cursor)
    {
        var origin = cursor.Origin;
        return cursor.Unplaced > 0 || filling.Rows.Exists(IsOfIt) || (underWay?.Rows.Exists(IsOfIt) ?? false)
            || (HeldCount > 0 && entities.Values.Any(e => e.Held.Any(h => h.Event.Origin.Equals(origin))));

        bool IsOfIt(EventRow row) => row.Event.Origin.Equals(origin);
    }
}
