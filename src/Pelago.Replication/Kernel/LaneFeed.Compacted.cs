namespace Pelago.Replication;

/// <remarks>A subscriber that begins before rows that are gone is told first which entities these were of. What it
/// lacks of them it fetches, as snapshots; the events that are left follow, and only then is anything claimed beyond
/// what is gone. Looked at are the checkpoints of the whole lane: a subscriber that needs any of them is new, or was
/// set back.</remarks>
internal sealed partial class LaneFeed
{
    private const int TellingPage = 64;

    // Rows of the origin beyond what the subscriber has are gone, or are going, and were not told.
    private bool MustTell(Subscription s)
        => lane.RemovedThrough(s.Origin) is var gone && gone > s.Claimed && gone > s.Told;

    // Not while a group that removes rows is under way: its checkpoints could be missing in what is read now.
    private void Tell(Subscription s)
    {
        if (s.ToldAfter == 0)
        {
            if (lane.RemovedDurablyThrough(s.Origin) < lane.RemovedThrough(s.Origin))
                return;
            s.Telling = lane.RemovedThrough(s.Origin);
        }
        (s.IsReading, s.NotBeforeMilliseconds) = (true, 0);
        context.Emit(new ReadCheckpoints(links.NextRequest(this, s), lane.Lane, s.ToldAfter, TellingPage));
    }

    /// <summary>A page of checkpoints was read.</summary>
    public void Read(Subscription s, CheckpointPage page)
    {
        s.IsReading = false;
        if (!subscriptions.TryGetValue(s.Origin, out var present) || present != s)
            return;
        var compacted = new List<CompactedEntity>();
        var damaged = page.Damaged;
        foreach (var checkpoint in page.Checkpoints)
        {
            if (checkpoint.Entity.Type == SubjectType.Name
                || !CheckpointCodec.TryRead(checkpoint.Entity, checkpoint.Content.Span, out var content))
                damaged++; // of a subject no row ever goes: whoever put it there, nobody takes it
            else if (!context.Filters.Admits(checkpoint.Entity.Type, link.Peer.Name))
                LeaveOut(s, checkpoint.Entity.Type, Math.Max(1, content.Positions.GetValueOrDefault(s.Origin)));
            else if (content.Positions.GetValueOrDefault(s.Origin) is var position && position > s.Claimed)
                compacted.Add(new CompactedEntity(checkpoint.Entity, content.Vector[s.Origin], position));
        }
        if (compacted.Count > 0)
        {
            credit -= (long)LaneReplica.CompactedWeight * compacted.Count;
            backlog += (long)LaneReplica.CompactedWeight * compacted.Count;
            context.Hit(Probe.CompactedTold);
            context.Emit(new SendFrame(link.Id, new CompactedFrame(lane.Lane, s.Origin, compacted))
            {
                Order = SendOrder.CatchUp,
            });
        }
        if (damaged > 0)
        {
            s.ClaimsThrough = Math.Min(s.ClaimsThrough, s.Claimed); // nobody knows what these stand for
            context.Alarm(AlarmKind.RowsDamaged, $"Lane {lane.Lane}: {damaged} checkpoints cannot be opened; a "
                + "peer that needs one of them does not get it from here.");
        }
        s.ToldAfter = page.Next;
        if (page.Next == 0)
            s.Told = s.Telling;
        Pump(s);
    }
}
