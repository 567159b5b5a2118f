using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Judges entities whose primary moves: which of their events count, and that one region at a time is sure of
/// itself. What clients were promised, <see cref="PrimaryHistory"/> judges.</summary>
internal sealed class PrimaryOracle
{
    private const long LimitMilliseconds = 60_000;
    private readonly SimulatedGroup group;
    private readonly HashSet<(EntityKey Entity, string Line)> leftOut = [];

    public PrimaryOracle(SimulatedGroup group, IReadOnlyList<string> types)
    {
        this.group = group;
        group.Oracles.Book.MovingTypes.UnionWith(types);
        group.Oracles.JudgeMoving = Judge;
    }

    /// <summary>Events that do not count, in the end.</summary>
    public int Orphans { get; private set; }

    /// <summary>Moments at which an answer was given under a lease.</summary>
    public int Leased { get; private set; }

    /// <summary>Somebody answers what only one region can know: at this moment no other one may, whatever it does, and
    /// no other process of its own. One that stands still or was removed counts: it may wake up now.</summary>
    public void Answered(string type)
    {
        Leased++;
        if (group.Oracles.UntoldLosses.Count > 0)
            return;
        var sure = group.Serving.Concat(group.Gone).Distinct().Where(r => r.Up)
            .Select(r => (r.Name, Known: r.Describe()!.Primaries.FirstOrDefault(p => p.Type == type)))
            .Where(r => r.Known is { HasLease: true }).ToArray();
        if (sure.Length > 1)
            throw new OracleException($"{string.Join(" and ", sure.Select(s => $"{s.Name} in epoch {s.Known!.Epoch}"))
                } are sure to be the primary of {type} at one time.");
    }

    // Some events may not count, as far as is known there: the others are there in the total order.
    private void Judge(SimulatedRegion region, EntityKey entity, EventRecord[] shown, EntityView view)
    {
        var lines = PrimaryHistory.LinesOf((string)view.State);
        var sorted = ReferenceFold.Sorted(shown);
        var place = 0;
        foreach (var line in lines)
        {
            while (place < sorted.Length && EventBook.Text(sorted[place]) != line)
                place++;
            if (place++ >= sorted.Length)
                throw new OracleException($"{region.Name} shows {PrimaryHistory.Text(lines)} of {entity}; '{line}' is "
                    + "not there in the order of events.");
        }
        foreach (var e in sorted.ExceptBy(lines, EventBook.Text))
            leftOut.Add((entity, EventBook.Text(e)));
    }

    /// <summary>What does not count is the same everywhere, is there, is in every ledger, and is all that was ever left
    /// out; everything else is in the state.</summary>
    public void Check(IReadOnlyDictionary<EntityKey, string[]> states)
    {
        string? wrong = null;
        if (!group.RunUntil(() => (wrong = Difference()) is null, LimitMilliseconds, pollMilliseconds: 500))
            throw new OracleException($"{LimitMilliseconds / 1000} s after all regions were equal: {wrong}.");
        var orphans = Orphaned(group.Regions[0]);
        Orphans = orphans.Count;
        foreach (var region in group.Regions)
        {
            foreach (var e in orphans.Select(o => group.Oracles.Of(region).Events(o.Entity)
                .FirstOrDefault(e => EventName.Of(e) == o) ?? throw new OracleException(
                    $"{region.Name} has {o} in its ledger and not in its journal.")))
            {
                if (e.Epoch >= region.Describe()!.Primaries.First(p => p.Type == e.Entity.Type).Epoch)
                    throw new OracleException($"{region.Name} leaves out {e}, which is of the present epoch.");
            }
        }
        foreach (var (entity, lines) in states)
            CheckState(entity, lines, orphans);
    }

    private void CheckState(EntityKey entity, string[] lines, HashSet<EventName> orphans)
    {
        var events = group.Oracles.Of(group.Regions[0]).Events(entity);
        var counting = events.Where(e => !orphans.Contains(EventName.Of(e))).ToArray();
        string[] expected = [.. ReferenceFold.Lines(TestTypes.All[entity.Type], counting)];
        if (!expected.SequenceEqual(lines))
            throw new OracleException($"{entity} is {PrimaryHistory.Text(lines)}; the events that count make "
                + $"{PrimaryHistory.Text(expected)}.");
        if (counting.FirstOrDefault(e => e.IdempotencyKey.Length > 0 && counting.Any(f
            => f != e && f.IdempotencyKey == e.IdempotencyKey)) is { } twice)
            throw new OracleException($"{twice} was written twice with key {twice.IdempotencyKey}, and both count.");
        var orphaned = events.Except(counting).Select(EventBook.Text).ToHashSet();
        foreach (var (_, line) in leftOut.Where(l => l.Entity == entity && !orphaned.Contains(l.Line)))
        {
            if (group.Oracles.Of(group.Regions[0]).HasLine(line))
                throw new OracleException($"'{line}' of {entity} counts, and was left out of what was shown.");
        }
    }

    private string? Difference()
    {
        var first = Orphaned(group.Regions[0]);
        foreach (var region in group.Regions)
        {
            var orphans = Orphaned(region);
            if (!orphans.SetEquals(first))
                return $"{region.Name} says that {string.Join(", ", orphans.Except(first).Take(5))} do not count, "
                    + $"{group.Regions[0].Name} {string.Join(", ", first.Except(orphans).Take(5))}";
        }
        return null;
    }

    private static HashSet<EventName> Orphaned(SimulatedRegion region)
        => [.. region.Disk.Conflicts.Where(c => c.Kind == ConflictKind.Orphaned)
            .Select(c => new EventName(c.Entity, c.Origin, c.Sequence))];
}
