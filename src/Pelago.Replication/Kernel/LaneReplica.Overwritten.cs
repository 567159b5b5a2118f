using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>Overwritten writes: the fold finds them as its base advances (<see cref="OpenWrites"/>). Bases advance when
/// an entity is written to; a contested one, which nobody may write to again, is looked at once the next of its events
/// is final. Which ones are contested is in memory alone: after a restart the comparison of regions, which goes through
/// every entity, finds them again. A snapshot goes with what was noted, so that it is found once.</remarks>
internal sealed partial class LaneReplica
{
    private const int MaxContested = 4_096;
    private const int MaxDecisions = 64;
    private const int DecisionPauseMilliseconds = 250;
    private const int LookAnywayMilliseconds = 5_000;

    // With the event that has to become final first; null when that is not known yet.
    private readonly Dictionary<EntityKey, EventRecord?> contested = [];
    private bool mayBeDecided;
    private long nextDecision;

    /// <summary>A look into the journal found that an entity is contested.</summary>
    public void LookForOverwritten(EntityKey entity)
    {
        if (contested.Count < MaxContested)
            mayBeDecided |= contested.TryAdd(entity, null);
    }

    /// <summary>Looks at contested entities of which more is final.</summary>
    public void DecideOverwritten()
    {
        // Now and then without a reason: events become final in other ways, too, when a member goes for example.
        if (contested.Count == 0 || Fenced || context.Now.MonotonicMilliseconds
            < nextDecision + (mayBeDecided ? 0 : LookAnywayMilliseconds))
            return;
        nextDecision = context.Now.MonotonicMilliseconds + DecisionPauseMilliseconds;
        EntityKey[] due = [.. contested.Where(c => c.Value is null || isFinal(c.Value)).Take(MaxDecisions)
            .Select(c => c.Key)];
        mayBeDecided = due.Length == MaxDecisions;
        foreach (var key in due)
        {
            contested.Remove(key);
            WithEntity(key, entity =>
            {
                if (entity is { Pending: 0, Unusable: null, IsPartial: false }) // else when its rows are durable
                    Compact(entity);
            });
        }
    }

    private void NoteOverwritten(EntityReplica entity)
    {
        if (!entity.Fold.NotesOverwritten)
            return;
        var wasContested = contested.Remove(entity.Key);
        if (entity.Fold.IsContested && entity.Unusable is null && contested.Count < MaxContested)
            contested.Add(entity.Key, entity.Fold.Tail.Count > 0 ? entity.Fold.Tail[0].Event : null);
        var found = entity.Fold.TakeOverwritten();
        foreach (var lost in found)
        {
            context.Hit(Probe.Overwritten);
            filling.Conflicts.Add(new ConflictRecord(entity.Key, ConflictKind.Overwritten, lost.Write.Origin,
                lost.Write.Sequence, context.Now.WallMilliseconds, lost.Reason));
            Unhurried();
        }
        if (found.Count > 0 || (wasContested && !entity.Fold.IsContested))
            WriteSnapshot(entity);
    }
}
