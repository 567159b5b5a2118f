namespace Pelago.Replication;

internal sealed partial class PeerLinks
{
    // A region that is let in by now gets what was withheld, too; others placeholders.
    private IEnumerable<EventRecord> ShownOf(EntityImage history, PeerLink link)
    {
        var isLetIn = EntityRegions.RuleOf(history)?.Admits(link.Peer.Name) == true;
        return EntityRegions.EventsOf(history).Where(e => Shows(link, e))
            .Select(e => isLetIn ? e : e.For(link.Peer.Name));
    }
}
