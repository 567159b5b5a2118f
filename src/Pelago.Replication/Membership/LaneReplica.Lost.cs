using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>What nobody can wait for: events beyond the seal of a removed region. Whoever holds their token is told at
/// once, and not at its deadline.</remarks>
internal sealed partial class LaneReplica
{
    // What the condition names of a region whose events end before it; null when all of it is here or may still come.
    private Failure? Beyond(EntityReplica entity, ReadCondition condition)
    {
        if (sealedRegions.Count == 0)
            return null;
        foreach (var slot in condition.Sequences)
        {
            // What is held back may be let go yet.
            if (entity.Seen[slot.Origin] < slot.Count && entity.HeldCount == 0 && Ends(slot.Origin)
                && !StaysElsewhere(entity, slot.Origin))
                return Lost(entity.Key, slot.Origin);
        }
        foreach (var frontier in condition.Positions)
        {
            if (Ends(frontier.Origin) && frontier.Position > SealedThrough(frontier.Origin))
                return Lost(entity.Key, frontier.Origin);
        }
        return null;
    }

    // All that is left of the life is in this lane. Of a region that was added again, its lives before are not known
    // any more to have ended.
    private bool Ends(Origin origin)
        => context.Configuration.RemovedIn(origin.Region) is not null && IsSealed(origin.Region)
            && Holds(origin) >= SealedThrough(origin);

    private ulong SealedThrough(Origin origin)
    {
        foreach (var life in sealedRegions[origin.Region].Lives)
        {
            if (life.Origin.Equals(origin))
                return life.Position;
        }
        return 0; // a life of which nothing came here
    }

    private Failure Lost(EntityKey key, Origin origin)
    {
        context.Hit(Probe.TokenBeyondSeal);
        return new Failure(ErrorCodes.BeyondSeal,
            $"What this token stands for was written to '{key.Type}' in '{origin.Region}', which was removed before"
            + " any other region had it.",
            "Waiting does not help: read without the token, look at what is there, and write again what is missing.");
    }
}
