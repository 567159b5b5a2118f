using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What the conflict ledgers have to say of last-writer-wins values once everything is final: in every region
/// the same, and what all events together give.</summary>
internal static class LedgerOracle
{
    /// <summary>Null when every ledger is as it has to be.</summary>
    public static string? Difference(SimulatedGroup group)
    {
        var reasons = new Dictionary<EventName, string>();
        foreach (var region in group.Regions)
        {
            var noted = region.Disk.Conflicts.Where(c => c.Kind == ConflictKind.Overwritten).ToArray();
            if (noted.GroupBy(NameOf).FirstOrDefault(g => g.Count() > 1) is { } twice)
                return $"{region.Name} has noted {twice.Key} twice";
            var replica = group.Oracles.Of(region);
            var expected = replica.Entities.Where(e => IsComplete(group, replica, e)).ToDictionary(e => e, e
                => ReferenceFold.Overwritten(TestTypes.All[e.Type], e.Id, replica.Events(e)));
            foreach (var (entity, lost) in expected)
            {
                var here = noted.Where(c => c.Entity == entity).ToDictionary(NameOf, c => c.Reason);
                if (lost.Except(here.Keys).ToArray() is [var missing, ..])
                    return $"{region.Name} has not noted that {missing} was overwritten unseen";
                // An author who lost what had been final may since have replaced what counted as lost.
                if (!group.Oracles.SomethingWasLost && group.Oracles.Cloned.Count == 0
                    && here.Keys.Except(lost).ToArray() is [var wrong, ..])
                    return $"{region.Name} has noted that {wrong} was overwritten unseen, and it was not";
                foreach (var name in lost)
                {
                    if (!reasons.TryAdd(name, here[name]) && reasons[name] != here[name])
                        return $"{region.Name} says of {name} that {here[name]}, another that {reasons[name]}";
                }
            }
        }
        return null;
    }

    // Of what a snapshot of another region stands for, only that one has noted what was lost.
    private static bool IsComplete(SimulatedGroup group, ReplicaOracle replica, EntityKey entity)
        => TestTypes.All[entity.Type].LastWriters.Count > 0 && !group.Oracles.Book.LocalTypes.Contains(entity.Type)
            && !replica.IsClosed(entity) && replica.Disk.State.Entities[entity].Checkpoint is null;

    private static EventName NameOf(ConflictRecord c) => new(c.Entity, c.Origin, c.Sequence);
}
