using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>The question whether all regions of a world hold the same.</summary>
/// <remarks>1. wait until nobody waits for an answer and all journals have the same events, and owe each other none;
/// 2. read every entity in every region, and compare what regions compare; 3. fold each entity's journal again from its
/// first event, as a region does that has lost its snapshots, and compare that, too.</remarks>
internal sealed class WorldConvergence(WorldGroup group)
{
    private const long PollMilliseconds = 25;

    // Until a kernel has heard of what its journal has made durable.
    private const long HearMilliseconds = 50;

    // Until what a fold found not to count is in the conflict ledger: kernels are in no hurry with it.
    private const long LedgerMilliseconds = 1_000;

    public WorldReport Demand(long limitMilliseconds)
    {
        var (from, end) = (group.Time.Now, group.Time.Now + limitMilliseconds);
        while (true)
        {
            WaitForEvents(end, limitMilliseconds);
            var took = group.Time.Now - from;
            group.Time.RunUntil(group.Time.Now + HearMilliseconds);
            var entities = Entities();
            foreach (var entity in entities)
                Compare(entity);
            group.Time.RunUntil(group.Time.Now + LedgerMilliseconds);
            if (Difference() is null)
            {
                return new WorldReport(group.Regions.Count, entities.Count,
                    group.Regions[0].Disk.State.Lanes.Sum(l => l.Rows.Count), TimeSpan.FromMilliseconds(took));
            }
            // Somebody wrote meanwhile: a region did that had stood still.
        }
    }

    private void WaitForEvents(long end, long limitMilliseconds)
    {
        while (Difference() is { } difference)
        {
            if (group.Time.Now >= end)
                throw NotYet(difference, limitMilliseconds);
            group.Time.RunUntil(Math.Min(end, group.Time.Now + PollMilliseconds));
        }
    }

    // Null when all journals hold the same events and owe nothing.
    private string? Difference()
    {
        foreach (var region in group.Regions)
        {
            if (!region.Up)
                return $"{group.Down(region)} world.Restart(\"{region.Name}\") starts it.";
        }
        if (group.Waiting > 0)
            return $"{group.Waiting} requests have no answer yet.";
        var lanes = group.Regions.Select(r => r.Disk.State.Lanes).ToArray();
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            for (var i = 0; i < lanes.Length; i++)
            {
                if (Shared(lanes[i][lane]) != Shared(lanes[0][lane]) || lanes[i][lane].Owed.Count > 0)
                    return Unequal() ?? $"Region '{group.Members[i]}' is owed events that it has passed over.";
            }
        }
        return Unequal();
    }

    // What stays in its region is nobody else's, and what is not for all is compared where it is.
    private int Shared(StoredLane lane) => group.HasLocalTypes || group.HasFilters
        ? Distinct(lane.Rows.Where(r => group.IsForAll(r.Event.Entity))) : Distinct(lane.Rows);

    // What fills a placeholder stands beside it.
    private static int Distinct(IEnumerable<EventRow> rows) => rows.Any(r => r.Event.IsWithheld)
        ? rows.Select(r => (r.Event.Entity, r.Event.Origin, r.Event.Sequence)).Distinct().Count() : rows.Count();

    private SimulatedRegion[] Having(EntityKey entity)
        => [.. group.Regions.Where(r => group.IsFor(r.Name, entity)
            && EntityDigest.RegionsOf(Image(r, entity))?.Admits(r.Name) != false)];

    // A second row of a placeholder says that it was given up.
    private static bool IsPartial(SimulatedRegion region, EntityKey entity)
        => Rows(region, entity).GroupBy(r => (r.Event.Origin, r.Event.Sequence))
            .Any(rows => rows.Count() == 1 && rows.Single().Event.IsWithheld);

    private static EntityImage Image(SimulatedRegion region, EntityKey entity)
        => new(entity, null, Rows(region, entity), []);

    private string? Unequal()
    {
        foreach (var entity in Entities())
        {
            var having = Having(entity);
            if (having.FirstOrDefault(r => IsPartial(r, entity)) is { } partial)
                return $"{Name(entity)} was opened to {partial.Name}, and is not there as a whole yet.";
            var held = having.Select(r => Held(r, entity)).ToArray();
            var all = held.SelectMany(h => h).Distinct().Order().ToArray();
            if (held.All(h => h.Count == all.Length))
                continue;
            var text = new StringBuilder($"{Name(entity)} has not reached every region:");
            for (var i = 0; i < held.Length; i++)
            {
                var missing = all.Where(e => !held[i].Contains(e)).Select(e => $"{e.Origin.Region}#{e.Sequence}");
                text.Append($"\n  {having[i].Name} has {held[i].Count} of its {all.Length} events")
                    .Append(held[i].Count == all.Length ? "" : $" and lacks {string.Join(", ", missing)}");
            }
            return text.ToString();
        }
        return null;
    }

    private static HashSet<(Origin Origin, ulong Sequence)> Held(SimulatedRegion region, EntityKey entity)
        => [.. Rows(region, entity).Select(r => (r.Event.Origin, r.Event.Sequence))];

    private static List<EventRow> Rows(SimulatedRegion region, EntityKey entity)
        => region.Disk.State.Entities.TryGetValue(entity, out var stored) ? stored.Rows : [];

    private static IEnumerable<EventRecord> Events(SimulatedRegion region, EntityKey entity)
        => EntityDigest.EventsOf(Image(region, entity));

    private List<EntityKey> Entities()
        => [.. group.Regions.SelectMany(r => r.Disk.State.Entities.Keys).Where(e => !group.StaysLocal(e)).Distinct()
            .Order()];

    private void Compare(EntityKey entity)
    {
        var type = (RoundTrip)group.Types[entity.Type];
        (SimulatedRegion Region, byte[] State)[] states
            = [.. Having(entity).Select(r => (r, type.EncodeComparable(Read(r, entity, type).State)))];
        foreach (var (region, state) in states)
        {
            if (!state.AsSpan().SequenceEqual(states[0].State))
                throw Different(entity, type, states, region, state);
            var again = FoldAgain(region, entity, type);
            if (!again.AsSpan().SequenceEqual(state))
                throw NotTheSameAgain(entity, region, state, again);
        }
    }

    private EntityView Read(SimulatedRegion region, EntityKey entity, RoundTrip type)
    {
        RequestResult? answer = null;
        group.Ask(region, new ReadRequest
        {
            Entity = entity, Project = view => view, DeadlineMilliseconds = region.MonotonicMilliseconds + 10_000,
        }, result => answer = result);
        group.RunUntil(() => answer is not null, 20_000);
        if (answer is { Failure: null } read)
            return (EntityView)read.Value!;
        throw WorldException.Of(group, $"Region '{region.Name}' cannot read {Name(entity)}: "
            + $"{answer?.Failure?.Message ?? "it does not answer."}\n{type.Thrown?.Message}", type.Thrown);
    }

    private static byte[] FoldAgain(SimulatedRegion region, EntityKey entity, RoundTrip type)
        => Interleaving.FoldAgain(
            type, entity.Id, Events(region, entity).Where(e => !e.IsWithheld), region.Rules);

    private WorldException NotYet(string difference, long limitMilliseconds)
    {
        var text = new StringBuilder(
            $"After {WorldGroup.Clock(limitMilliseconds)} of virtual time the regions do not hold the same.\n");
        text.Append(difference);
        var cuts = group.Network.Cuts.Select(c => $"{c.From} → {c.To}").ToArray();
        if (cuts.Length > 0)
            text.Append($"\nCut: {string.Join(", ", cuts)}. world.Heal() mends every way.");
        return WorldException.Of(group, text.ToString());
    }

    private WorldException Different(EntityKey entity, RoundTrip type,
        (SimulatedRegion Region, byte[] State)[] states, SimulatedRegion other, byte[] state)
    {
        var text = new StringBuilder($"Regions hold the same events of {Name(entity)} and different states.\n");
        foreach (var (region, bytes) in states)
            text.Append($"  {region.Name}: {Encoding.UTF8.GetString(bytes)}\n");
        if (JsonDifference.Find(states[0].State, state) is { } at)
        {
            text.Append($"They differ first in {at.Path}: {at.First} in {states[0].Region.Name}, {at.Second} in "
                + $"{other.Name}.\n");
        }
        text.Append("Its events, in the total order:\n")
            .Append(Interleaving.Describe([[.. Events(other, entity)]]));
        foreach (var region in group.Regions)
        {
            text.Append($"  in {region.Name} they arrived as ").AppendJoin(", ", Rows(region, entity)
                .Select(r => $"{r.Event.Origin.Region}#{r.Event.Sequence}")).Append('\n');
        }
        text.Append(type.Strategy == MergeStrategy.Ordered
            ? "An event handler may look at the state, the event and the context it is given, and at nothing else: "
                + "not at a clock, not at chance, not at what other entities hold."
            : $"With {type.Strategy}, concurrent events are applied as they arrive: the handler must give one state "
                + "for every order. Convergence.Of<…>() finds the fewest events that show where it does not.");
        return WorldException.Of(group, text.ToString());
    }

    private WorldException NotTheSameAgain(EntityKey entity, SimulatedRegion region, byte[] state, byte[] again)
        => WorldException.Of(group, $"Region '{region.Name}' folds {Name(entity)} again from its journal and comes to "
            + $"another state than it had.\n  it had: {Encoding.UTF8.GetString(state)}\n  again:  "
            + $"{Encoding.UTF8.GetString(again)}\nAn event handler may look at the state, the event and the context it "
            + "is given, and at nothing else: not at a clock, not at chance, not at what it remembers itself.");

    private static string Name(EntityKey entity) => $"{entity.Type} '{entity.Id}'";
}
