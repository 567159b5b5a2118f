using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Two regions hold as many events of an entity, and not the same: which of them? The peer's events are
/// fetched and compared with the own rows, one entity at a time, until the first that differs.</summary>
internal sealed class ForkSearches(KernelContext context, PeerLinks links, InstanceKernel kernel)
{
    private const int MaxSearches = 64;
    private const int PatienceMilliseconds = 10_000;
    private readonly List<Search> searches = []; // the first is under way

    private long Now => context.Now.MonotonicMilliseconds;

    /// <summary>Searches an entity that differs; nothing when it is quarantined already.</summary>
    public void Begin(PeerLink link, EntityKey entity)
    {
        if (kernel.Lane(entity.Lane).IsForked(entity) || searches.Count >= MaxSearches
            || searches.Exists(s => s.Entity == entity))
            return;
        searches.Add(new Search(link, entity));
        if (searches.Count == 1)
            Start(searches[0]);
    }

    /// <summary>Gives up what nobody answered.</summary>
    public void Tick()
    {
        if (searches is [var slow, ..] && Now - slow.SinceMilliseconds > PatienceMilliseconds)
            End(slow);
    }

    public void Forget(PeerLink link)
    {
        foreach (var search in searches.Where(s => s.Link == link).ToArray())
            End(search);
    }

    /// <summary>The own rows were read.</summary>
    /// <returns>False when nobody here had asked.</returns>
    public bool HistoryRead(long request, EntityImage image)
    {
        if (searches is not [var search, ..] || search.HistoryRequest != request)
            return false;
        search.Own = EntityRegions.EventsOf(image).ToDictionary(e => (e.Origin, e.Sequence));
        search.Origins = new Queue<Origin>(search.Own.Keys.Select(k => k.Origin).Distinct().Order());
        Ask(search, 1);
        return true;
    }

    /// <summary>Some of the peer's events came.</summary>
    /// <returns>False when nobody here had asked.</returns>
    public bool Fetched(PeerLink link, FetchedFrame frame)
    {
        if (searches is not [var search, ..] || search.Request != frame.Request || search.Link != link)
            return false;
        var found = new List<EventRecord>();
        foreach (var e in frame.Events.Where(e => e.Entity == search.Entity))
        {
            if (!search.Own.TryGetValue((e.Origin, e.Sequence), out var mine))
                continue;
            if (mine.HasSameContent(e))
            {
                if (mine.IsWithheld && !e.IsWithheld)
                    found.Add(e);
                continue;
            }
            End(search);
            context.Hit(Probe.ForkFound);
            kernel.Lane(search.Entity.Lane).Quarantine(search.Entity, e.Origin, e.Sequence,
                $"{context.Options.Region} has one and {link.Peer.Name} another");
            return true;
        }
        if (found.Count > 0) // given up here, as nobody had it who was asked
            kernel.Lane(search.Entity.Lane).Receive(link.Id, found);
        var goesOn = frame is { More: true, Events.Count: > 0 };
        if (!goesOn)
            search.Origins.TryDequeue(out _);
        Ask(search, goesOn ? frame.Events[^1].Sequence + 1 : 1);
        return true;
    }

    /// <summary>The peer keeps no rows of what was asked for: nobody can say which event differs.</summary>
    /// <returns>False when nobody here had asked.</returns>
    public bool IsCompacted(PeerLink link, long request)
    {
        if (searches is not [var search, ..] || search.Request != request || search.Link != link)
            return false;
        End(search);
        context.Alarm(AlarmKind.StatesDiffer, $"{context.Options.Region} and {link.Peer.Name} hold as many events of "
            + $"{search.Entity}, and not the same; which of them differ cannot be told, because their rows are gone.");
        return true;
    }

    private void Start(Search search)
    {
        (search.HistoryRequest, search.SinceMilliseconds) = (links.NextRequest(), Now);
        context.Emit(new ReadHistory(search.HistoryRequest, search.Entity));
    }

    private void End(Search search)
    {
        var wasFirst = searches[0] == search;
        searches.Remove(search);
        if (wasFirst && searches is [var next, ..])
            Start(next);
    }

    private void Ask(Search search, ulong from)
    {
        if (!search.Origins.TryPeek(out var origin))
        {
            End(search); // it has changed meanwhile
            return;
        }
        (search.Request, search.SinceMilliseconds) = (links.NextRequest(), Now);
        context.Emit(new SendFrame(
            search.Link.Id, new FetchFrame(search.Request, search.Entity, origin, from, ulong.MaxValue)));
    }

    private sealed class Search(PeerLink link, EntityKey entity)
    {
        public PeerLink Link { get; } = link;
        public EntityKey Entity { get; } = entity;
        public long HistoryRequest { get; set; }
        public long SinceMilliseconds { get; set; }
        public long Request { get; set; }
        public Dictionary<(Origin Origin, ulong Sequence), EventRecord> Own { get; set; } = [];
        public Queue<Origin> Origins { get; set; } = [];
    }
}
