namespace Pelago.Replication;

/// <remarks>What a peer's filter leaves out is passed by its frontier, and the frame that claims the positions says so.
/// A peer of a version that knows no filters would pass it without a trace: of it nothing is claimed from there on, and
/// it gets what it lacks once it is upgraded.</remarks>
internal sealed partial class LaneFeed
{
    private bool Passes(Subscription s, EventRecord e)
    {
        if (lane.Withholds(e))
            return false;
        if (!PeerLinks.Understands(link, e))
        {
            EndAt(s, e);
            return false;
        }
        if (context.Filters.Admits(e.Entity.Type, link.Peer.Name))
            return true;
        LeaveOut(s, e.Entity.Type, e.OriginPosition);
        return false;
    }

    // It would keep the event without its rule, and show it to everybody.
    private void EndAt(Subscription s, EventRecord e)
    {
        context.Hit(Probe.EventNotUnderstood);
        s.AwaitsUpgrade = true;
        s.ClaimsThrough = Math.Min(
            s.ClaimsThrough, s.Origin.Equals(writer.Newest) ? e.OriginPosition - 1 : s.Claimed);
        if (link.IsToldTooOld)
            return;
        link.IsToldTooOld = true;
        context.Alarm(AlarmKind.PeerTooOld, $"{link.Peer.Name} runs a version that knows no filters of single entities"
            + $": of {e.Entity}, and of what follows it in its lane, nothing is claimed there before that region is "
            + "upgraded.");
    }

    private void LeaveOut(Subscription s, string type, ulong position)
    {
        context.Hit(Probe.EventLeftOut);
        if (link.Hello!.KnowsFilters)
        {
            s.LeftOut[type] = (context.Filters.Of(type).Epoch, Math.Max(s.LeftOut.GetValueOrDefault(type).Position,
                position));
            return;
        }
        s.AwaitsUpgrade = true;
        s.ClaimsThrough = Math.Min(s.ClaimsThrough, s.Origin.Equals(writer.Newest) ? position - 1 : s.Claimed);
    }

    // What was left out under an earlier filter stays left out until its position has been claimed.
    private LeftOut[] Placeholders(Subscription s, ulong through)
    {
        if (s.LeftOut.Count == 0 && context.Filters.AreNone)
            return [];
        var left = s.LeftOut.Select(l => new LeftOut(l.Key, l.Value.Epoch, IsLacking: false)).ToList();
        foreach (var type in s.LeftOut.Where(l => l.Value.Position <= through).Select(l => l.Key).ToArray())
            s.LeftOut.Remove(type);
        left.AddRange(lane.Misses(s.Origin, s.Claimed, through).Where(l => !left.Exists(x => x.Type == l.Type)));
        return [.. left];
    }

    private ulong NotLacking(Subscription s, ulong through) => link.Hello!.KnowsFilters || through <= s.Claimed
        || !lane.Misses(s.Origin, s.Claimed, through).Any() ? through : s.Claimed;
}
