using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Compares this replica with its peers in the background, and mends what differs.</summary>
/// <remarks>
/// <para>The ordinary course of the protocol leaves no differences: what a frontier passes is here or owed. But a
/// journal may be set back together with the file that would tell so, a row may be lost, and software has faults. So
/// each region goes through its journal, a few entities at a time, and shows its peers what it holds of them. Who is
/// shown compares with its own journal. What it lacks, and no frontier, gap or report explains, it fetches; different
/// events under one name are a fork, which is named and quarantined, never repaired; different states of the same
/// events are named.</para>
/// <para>Who is shown something else than it has shows what it has in turn, so that one look mends both sides. A lane
/// is gone through again when something was written to it, a peer has come (back), or an hour has passed. Nothing of
/// this is durable, and every queue is bounded: what is forgotten the next round finds again. Rejected: trees of hashes
/// kept up to date with every write, which cost each write a hash to save reading entities that hardly ever
/// differ.</para>
/// </remarks>
internal sealed class AntiEntropy(KernelContext context, Writer writer, PeerLinks links, InstanceKernel kernel)
{
    private const int MaxSuspects = 256;
    private const int MaxStatesNamed = 256;
    private const int MaxPages = 4;
    private const int FetchPatienceMilliseconds = 10_000;
    private readonly ulong[] shown = [.. Enumerable.Repeat(ulong.MaxValue, EntityKey.Lanes)];
    private readonly List<(PeerLink Link, DigestsFrame Page)> pages = [];
    private readonly ForkSearches forks = new(context, links, kernel);
    private readonly List<Suspect> suspects = [];
    private readonly HashSet<EntityKey> statesNamed = [];
    private long comparing;
    private long scan;
    private int scanLane = -1;
    private ulong scanHead;
    private long scanAfter;
    private long? nextScan;
    private long nextRound = long.MinValue;

    private long Now => context.Now.MonotonicMilliseconds;

    /// <summary>A peer that may hold something else than before is there: everything is shown again.</summary>
    public void Came()
    {
        Array.Fill(shown, ulong.MaxValue);
        nextRound = Now + context.Options.CompareAgainMilliseconds;
    }

    public void Tick()
    {
        if (Now >= nextRound)
            Came();
        nextScan ??= Now + context.Options.CompareMilliseconds;
        if (scan == 0 && Now >= nextScan)
            Scan();
        for (var i = suspects.Count - 1; i >= 0; i--)
        {
            if (i < suspects.Count && suspects[i].DueMilliseconds <= Now)
                Look(suspects[i]);
        }
        forks.Tick();
    }

    public void Audited(long request, IReadOnlyList<EntityAudit> audits, long next)
    {
        foreach (var wrong in audits.Where(a => a.SnapshotIsWrong))
            kernel.Lane(wrong.Digest.Entity.Lane).FoldAgain(wrong.Digest.Entity);
        foreach (var lacking in audits.Where(a => a.LacksKeys))
            kernel.Lane(lacking.Digest.Entity.Lane).LookForKeys(lacking.Digest.Entity);
        foreach (var partial in audits.Where(a => a.IsPartial
            && a.Regions?.Admits(context.Options.Region) != false))
            kernel.Lane(partial.Digest.Entity.Lane).LookForFills(partial.Digest.Entity);
        foreach (var contested in audits.Where(a => a.IsContested))
            kernel.Lane(contested.Digest.Entity.Lane).LookForOverwritten(contested.Digest.Entity);
        if (request == scan)
            Show(audits, next);
        else if (request == comparing)
            Compare(audits);
    }

    public void AuditFailed(long request)
    {
        if (request == scan)
            scan = 0;
        else if (request == comparing)
            NextPage();
    }

    /// <summary>A peer shows what it holds.</summary>
    public void Received(PeerLink link, DigestsFrame frame)
    {
        if (pages.Count(p => p.Link == link) >= MaxPages || frame.Entities.Count == 0)
            return;
        pages.Add((link, frame));
        if (comparing == 0)
            Look(frame);
    }

    private void Look(DigestsFrame frame)
    {
        comparing = links.NextRequest();
        context.Emit(new AuditEntities(
            comparing, frame.Lane, 0, frame.Entities.Count, [.. frame.Entities.Select(e => e.Entity)]));
    }

    private void NextPage()
    {
        comparing = 0;
        if (pages.Count > 0)
            pages.RemoveAt(0);
        if (pages is [var next, ..])
            Look(next.Page);
    }

    /// <summary>A link is gone, and with it what was asked for on it.</summary>
    public void Forget(PeerLink link)
    {
        suspects.RemoveAll(s => s.Link == link);
        forks.Forget(link);
    }

    /// <summary>An answer to a fetch that was asked for here.</summary>
    /// <returns>False when it was not.</returns>
    public bool Fetched(PeerLink link, FetchedFrame frame)
    {
        if (forks.Fetched(link, frame))
            return true;
        if (suspects.Find(s => s.Request == frame.Request && s.Link == link) is not { } suspect)
            return false;
        suspects.Remove(suspect);
        var events = frame.Events.Where(e => e.Entity == suspect.Entity && e.Origin.Equals(suspect.Origin)).ToArray();
        if (events.Length == 0 || !kernel.Lane(suspect.Entity.Lane).IsWhole(suspect.Entity.Type))
            return true; // they were left out meanwhile, and are not for this region, or on their way
        context.Hit(Probe.MissingFetched);
        context.Alarm(AlarmKind.EventsMended, $"{context.Options.Region} lacked events of {suspect.Entity} from "
            + $"{events[0].Origin}#{events[0].Sequence} on, which it should have had; {link.Peer.Name} sent them.");
        kernel.Lane(suspect.Entity.Lane).Receive(link.Id, events);
        if (frame.More && events[^1].Sequence < suspect.Through)
            suspects.Add(new Suspect(link, suspect.Entity, suspect.Origin, suspect.Through) { DueMilliseconds = Now });
        return true;
    }

    /// <summary>An answer to a fetch that was asked for here: the rows are gone there. What is missing is
    /// owed.</summary>
    /// <returns>False when it was not asked for here.</returns>
    public bool IsCompacted(PeerLink link, long request)
    {
        if (forks.IsCompacted(link, request))
            return true;
        if (suspects.Find(s => s.Request == request && s.Link == link) is not { } suspect)
            return false;
        suspects.Remove(suspect);
        context.Hit(Probe.MissingFetched);
        context.Alarm(AlarmKind.EventsMended, $"{context.Options.Region} lacked events of {suspect.Entity} of "
            + $"{suspect.Origin}, which it should have had; {link.Peer.Name} keeps a snapshot of them.");
        kernel.Lane(suspect.Entity.Lane).OweMissing(suspect.Entity, suspect.Origin, suspect.Through);
        return true;
    }

    /// <summary>The own rows of an entity were read to find a fork.</summary>
    /// <returns>False when nobody here had asked.</returns>
    public bool HistoryRead(long request, EntityImage image) => forks.HistoryRead(request, image);

    private void Scan()
    {
        nextScan = Now + context.Options.CompareMilliseconds;
        if (scanAfter == 0 && !NextLane())
            return;
        scan = links.NextRequest();
        context.Emit(new AuditEntities(scan, scanLane, scanAfter, context.Options.CompareEntities, null));
    }

    private bool NextLane()
    {
        if (!links.Readers.Any())
            return false;
        for (var i = 1; i <= EntityKey.Lanes; i++)
        {
            var lane = kernel.Lane((scanLane + i) % EntityKey.Lanes);
            if (shown[lane.Lane] == lane.Head || lane.Head == 0)
                continue;
            (scanLane, scanHead) = (lane.Lane, lane.Head);
            return true;
        }
        return false;
    }

    private void Show(IReadOnlyList<EntityAudit> audits, long next)
    {
        (scan, scanAfter) = (0, next);
        var rows = audits.Sum(a => (long)a.Digest.Events.Count);
        nextScan = Math.Max(nextScan ?? 0, Now + rows * 1_000 / context.Options.CompareRowsPerSecond);
        if (next == 0)
            shown[scanLane] = scanHead;
        var lane = kernel.Lane(scanLane);
        EntityAudit[] shared = [.. audits.Where(a => !lane.StaysHere(a.Digest.Entity.Type))];
        if (shared.Length == 0)
            return;
        foreach (var link in links.Readers)
        {
            EntityDigest[] comparable = [.. shared.Where(a => IsComparable(lane, a, link.Peer)).Select(a => a.Digest)];
            if (comparable.Length > 0)
                context.Emit(new SendFrame(link.Id, new DigestsFrame(scanLane, comparable)));
        }
    }

    private void Compare(IReadOnlyList<EntityAudit> audits)
    {
        var (link, page) = pages[0];
        NextPage();
        if (links.PeerOf(link) is not { } peer)
            return;
        context.Hit(Probe.DigestsCompared);
        var lane = kernel.Lane(page.Lane);
        var own = audits.Where(a => IsComparable(lane, a, peer)).ToDictionary(a => a.Digest.Entity, a => a.Digest);
        var apart = audits.Select(a => a.Digest.Entity).Where(e => !own.ContainsKey(e)).ToHashSet();
        if (!page.IsAnswer && links.Readers.LastOrDefault(l => l.Peer == peer) is { } back)
            Answer(back, page, own);
        foreach (var their in page.Entities.Where(e => !lane.StaysHere(e.Entity.Type)
            && lane.IsComparable(e.Entity.Type, peer.Name) && !apart.Contains(e.Entity)))
        {
            var mine = own.GetValueOrDefault(their.Entity)
                ?? new EntityDigest(their.Entity, VersionVector.Empty, default, "") { HasEvents = false };
            if (!mine.Vector.Covers(their.Vector))
                Miss(link, their, mine.Vector);
            else if (mine.Vector.Equals(their.Vector) && mine.HasEvents && their.HasEvents)
                Compare(link, their, mine);
        }
    }

    // What is not the same is shown in turn; an answer is not answered.
    private void Answer(PeerLink back, DigestsFrame page, Dictionary<EntityKey, EntityDigest> own)
    {
        var other = page.Entities.Select(e => own.GetValueOrDefault(e.Entity) is { } mine && mine != e ? mine : null)
            .OfType<EntityDigest>().Where(d => kernel.Lane(page.Lane) is var lane && !lane.StaysHere(d.Entity.Type)
                && lane.IsComparable(d.Entity.Type, back.Peer.Name)).ToArray();
        if (other.Length > 0)
            context.Emit(new SendFrame(back.Id, new DigestsFrame(page.Lane, other) { IsAnswer = true }));
    }

    private void Miss(PeerLink link, EntityDigest their, VersionVector seen)
    {
        foreach (var slot in their.Vector)
        {
            if (seen[slot.Origin] < slot.Count && suspects.Count < MaxSuspects
                && !suspects.Exists(s => s.Entity == their.Entity && s.Origin.Equals(slot.Origin)))
            {
                suspects.Add(new Suspect(link, their.Entity, slot.Origin, slot.Count)
                {
                    DueMilliseconds = Now + context.Options.MissingAfterMilliseconds,
                });
            }
        }
    }

    // Regions with equal filters compare themselves.
    private bool IsComparable(LaneReplica lane, EntityAudit audit, PeerState peer)
        => lane.IsComparable(audit.Digest.Entity.Type, peer.Name) && !audit.IsPartial
            && context.InForce(audit.Regions) is var rule
            && rule?.Admits(context.Options.Region) != false && rule?.Admits(peer.Name) != false
            && (audit.Regions is null || peer.Dialled is { Hello.KnowsRegions: true });

    private void Compare(PeerLink link, EntityDigest their, EntityDigest mine)
    {
        if (!their.Events.Equals(mine.Events))
        {
            forks.Begin(link, mine.Entity);
        }
        else if (!context.Primaries.MayDisagree(mine.Entity.Type, link)
            && their.StateVersion == mine.StateVersion && their.State.Length > 0 && mine.State.Length > 0
            && their.State != mine.State && statesNamed.Count < MaxStatesNamed && statesNamed.Add(mine.Entity))
        {
            context.Hit(Probe.StatesDiffered);
            context.Alarm(AlarmKind.StatesDiffer, $"{context.Options.Region} and {link.Peer.Name} hold the same events "
                + $"of {mine.Entity} and made different states of them: its event handlers are not deterministic, or "
                + "not the same in both.");
        }
    }

    // 1. answered, or a repeated question  2. it has come  3. the ordinary course brings it  4. it is fetched
    private void Look(Suspect suspect)
    {
        var lane = kernel.Lane(suspect.Entity.Lane);
        if (suspect.Request != 0 || links.PeerOf(suspect.Link) is not { } peer)
        {
            suspects.Remove(suspect); // no answer came
            return;
        }
        suspect.DueMilliseconds = Now + FetchPatienceMilliseconds;
        lane.WithSeen(suspect.Entity, seen =>
        {
            if (!suspects.Contains(suspect))
                return;
            if (seen is null || seen[suspect.Origin] >= suspect.Through || IsOnItsWay(suspect, lane, peer))
            {
                suspects.Remove(suspect);
                return;
            }
            suspect.Request = links.NextRequest();
            context.Emit(new SendFrame(suspect.Link.Id, new FetchFrame(
                suspect.Request, suspect.Entity, suspect.Origin, seen[suspect.Origin] + 1, suspect.Through)));
        });
    }

    // Of what we write at present a peer cannot have more than we do, unless our journal was set back: then the first
    // event that comes ends this life.
    private bool IsOnItsWay(Suspect suspect, LaneReplica lane, PeerState peer)
    {
        if (suspect.Origin.Equals(writer.Newest))
            return writer.Current is null;
        if (lane.IsWhole(suspect.Entity.Type)
            && !lane.Expects(suspect.Entity, suspect.Origin) && !PeerLinks.Offers(peer, lane, suspect.Origin)
            && !links.Histories.MayBring(lane, suspect.Entity.Type, suspect.Origin))
            return false;
        context.Hit(Probe.MissingExplained);
        return true;
    }

    /// <summary>Events that a peer has shown and that were not here.</summary>
    private sealed class Suspect(PeerLink link, EntityKey entity, Origin origin, ulong through)
    {
        public PeerLink Link { get; } = link;
        public EntityKey Entity { get; } = entity;
        public Origin Origin { get; } = origin;
        public ulong Through { get; } = through;
        public long DueMilliseconds { get; set; }
        public long Request { get; set; }
    }
}
