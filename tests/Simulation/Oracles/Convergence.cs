using System.Globalization;
using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What has to be true once everything is mended and nobody writes: all replicas equal, nothing owed,
/// everything
/// final, within a bounded time.</summary>
internal static class Convergence
{
    /// <summary>Generous for the longest backoff, silence and hold of the options together.</summary>
    private const long LimitMilliseconds = 60_000;

    public static void Demand(SimulatedGroup group, IReadOnlyList<EntityKey> entities)
    {
        string? wrong = null;
        if (!group.RunUntil(() => (wrong = Difference(group)) is null, LimitMilliseconds, pollMilliseconds: 500))
            throw new OracleException($"{LimitMilliseconds / 1000} s after everything was mended: {wrong}.");
        foreach (var region in group.Regions)
        {
            foreach (var line in group.Oracles.Missing(group.Oracles.Of(region)))
                throw new OracleException($"{region.Name} does not have '{line}', which was acknowledged.");
        }
        string? open = null;
        if (!group.RunUntil(() => (open = Open(group, entities)) is null, LimitMilliseconds, pollMilliseconds: 500))
            throw new OracleException($"{LimitMilliseconds / 1000} s after all regions were equal: {open}.");
        if (group.Oracles.IsLedgerJudged && !group.RunUntil(() => (open = LedgerOracle.Difference(group)) is null,
            LimitMilliseconds, pollMilliseconds: 500))
            throw new OracleException($"{LimitMilliseconds / 1000} s after everything was final: {open}.");
    }

    /// <summary>Null when all journals hold the same events and owe nothing.</summary>
    public static string? Difference(SimulatedGroup group)
    {
        var replicas = group.Regions.Select(group.Oracles.Of).ToArray();
        foreach (var replica in replicas)
        {
            if (replica.Owed > 0)
                return Owed(group, replica);
        }
        foreach (var region in group.Regions)
        {
            if (Unfinished(group, region) is { } unfinished)
                return unfinished;
        }
        foreach (var entity in replicas.SelectMany(r => r.Entities).Distinct())
        {
            if (group.Oracles.Book.LocalTypes.Contains(entity.Type))
                continue;
            if (replicas.Any(r => !r.Seen(entity).Equals(replicas[0].Seen(entity)))
                && group.Oracles.Book.RegionTypes.Contains(entity.Type))
                return $"{entity} was not seen by all; {Everywhere(group, entity)}";
            // Regions with equal filters are equal.
            var having = replicas.Where(r => !r.IsClosed(entity)).ToArray();
            if (having.FirstOrDefault(r => !r.IsWhole(entity)) is { } partial)
                return $"{partial.Region} lacks some of {entity}: {partial.Lacking(entity)}; "
                    + Everywhere(group, entity);
            if (having.Any(r => !r.Seen(entity).Equals(having[0].Seen(entity))))
                return $"{entity} differs; {Everywhere(group, entity)}";
        }
        return null;
    }

    private static string Owed(SimulatedGroup group, ReplicaOracle replica)
    {
        var gap = replica.Disk.State.Lanes.SelectMany(l => l.Owed.Values).First();
        return $"{replica.Region} is owed {gap.Entity} of {gap.Origin} from #{gap.FromSequence} "
            + $"(position {gap.Position} in lane {gap.Entity.Lane}); {Everywhere(group, gap.Entity)}";
    }

    private static string Everywhere(SimulatedGroup group, EntityKey entity)
    {
        var text = new StringBuilder();
        foreach (var region in group.Regions)
        {
            var lane = region.Disk.State.Lanes[entity.Lane];
            text.Append(CultureInfo.InvariantCulture,
                $"\n  {region.Name} has seen {group.Oracles.Of(region).Seen(entity)}");
            foreach (var frontier in lane.Frontiers.Values)
                text.Append(CultureInfo.InvariantCulture, $"\n    frontier {frontier}");
            foreach (var owed in lane.Owed.Values)
                text.Append(CultureInfo.InvariantCulture, $"\n    owed {owed}");
            foreach (var peer in region.Describe()?.Peers ?? [])
                text.Append(CultureInfo.InvariantCulture, $"\n    peer {peer}");
            if (region.Describe() is not { } described)
                continue;
            var about = described.Lanes[entity.Lane];
            text.Append(CultureInfo.InvariantCulture,
                $"\n    head {about.Head} own {about.OwnHead} of {described.Newest} (writes {described.Current}), "
                + $"held {about.Held}, owed {about.Owed}, waits for [{string.Join(' ', about.WaitingFor)}]");
            foreach (var (origin, held, final) in about.FinalThrough)
                text.Append(CultureInfo.InvariantCulture, $"\n    {origin}: held {held}, final {final}");
        }
        return text.ToString();
    }

    private static string? Unfinished(SimulatedGroup group, SimulatedRegion region)
    {
        if (region.Describe() is not { } described)
            return $"{region.Name} does not run";
        if (described.Parked is [var parked, ..])
            return $"{region.Name} has parked {parked.Entity}: {parked.Reason}";
        foreach (var lane in described.Lanes)
        {
            if (lane.Held + lane.Owed > 0)
                return $"{region.Name} holds {lane.Held} events back and is owed {lane.Owed} in lane {lane.Lane}";
            foreach (var (origin, held, final) in lane.FinalThrough)
            {
                var highest = region.Disk.State.Lanes[lane.Lane].Frontiers.GetValueOrDefault(origin).Highest;
                if (highest > held)
                {
                    var entity = group.Oracles.Of(region).Entities.FirstOrDefault(e => e.Lane == lane.Lane);
                    return $"{region.Name} has {origin} through {highest} and calls it whole through {held} in lane "
                        + $"{lane.Lane}; {Everywhere(group, entity)}";
                }
                if (final < held)
                {
                    var entity = group.Oracles.Of(region).Entities.FirstOrDefault(e => e.Lane == lane.Lane);
                    return $"{region.Name} calls {origin} final through {final} of {held} in lane {lane.Lane}; "
                        + Everywhere(group, entity);
                }
            }
        }
        return null;
    }

    // Reads everything everywhere: the oracles compare each state with the reference, this compares them with each
    // other. They may differ once: a process that stood still wakes up and writes what its last client asked for.
    private static string? Open(SimulatedGroup group, IReadOnlyList<EntityKey> entities)
    {
        var states = new Dictionary<EntityKey, byte[]>();
        string? open = null;
        var pending = 0;
        foreach (var region in group.Regions)
        {
            foreach (var entity in entities.Where(e => !group.Oracles.Book.LocalTypes.Contains(e.Type)
                && !group.Oracles.Of(region).IsClosed(e)))
            {
                pending++;
                group.Read(region, entity, ReadCondition.None, 10_000, (_, result) =>
                {
                    pending--;
                    open = Judge(region, entity, result, states) ?? open;
                });
            }
        }
        group.RunUntil(() => pending == 0, 15_000);
        return pending > 0 ? $"{pending} reads are not answered" : open;
    }

    private static string? Judge(
        SimulatedRegion region, EntityKey entity, RequestResult result, Dictionary<EntityKey, byte[]> states)
    {
        if (result.Failure is not null)
            return $"{region.Name} cannot read {entity}: {result.Failure}";
        var view = (EntityView)result.Value!;
        var state = TestTypes.All[entity.Type].EncodeComparable(view.State);
        if (!states.TryAdd(entity, state) && !states[entity].AsSpan().SequenceEqual(state))
        {
            return $"{region.Name} has '{Encoding.UTF8.GetString(state)}' for {entity}, another region "
                + $"'{Encoding.UTF8.GetString(states[entity])}'";
        }
        return null;
    }
}
