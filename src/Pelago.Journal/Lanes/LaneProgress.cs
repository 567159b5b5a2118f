using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>A frontier as it lies in the store.</summary>
internal readonly record struct FrontierRow(
    long Origin, long Position, long Highest, long Salt, long Nonce, byte[] Sealed);

/// <summary>An owed gap as it lies in the store.</summary>
internal readonly record struct OwedRow(
    long Entity, long Origin, long FromSequence, long Position, long Salt, long Nonce, byte[] Sealed);

/// <summary>What a lane had consumed: frontiers and owed gaps.</summary>
/// <remarks>Damage here mends itself: a frontier that is forgotten makes peers send again what is already here, and it
/// is dropped as a duplicate. So a damaged frontier is left out, and a damaged owed gap, whose event would be lost with
/// it, takes the whole lane's frontiers with it.</remarks>
/// <param name="MustForget">True when all frontiers and gaps of the lane are to be deleted.</param>
/// <param name="Damaged">True when something had to be left out.</param>
internal sealed record LaneProgress(
    IReadOnlyList<Frontier> Frontiers, IReadOnlyList<Owed> Owed, bool MustForget, bool Damaged)
{
    /// <summary>Opens a lane's rows.</summary>
    /// <param name="keyOf">The entity of a number, or null.</param>
    public static LaneProgress Of(
        int lane, IReadOnlyList<FrontierRow> frontiers, IReadOnlyList<OwedRow> owed, Opener opener,
        OriginTable origins, Func<long, EntityKey?> keyOf)
    {
        var gaps = new List<Owed>();
        foreach (var g in owed)
        {
            if (!opener.TryOpen(SealDomain.Owed, g.Salt, g.Nonce,
                [lane, g.Entity, g.Origin, g.FromSequence, g.Position], g.Sealed, out _)
                || origins[g.Origin] is not { } origin || keyOf(g.Entity) is not { } key)
                return new LaneProgress([], [], MustForget: true, Damaged: true);
            gaps.Add(new Owed(key, origin, (ulong)g.FromSequence, (ulong)g.Position));
        }
        var found = new List<Frontier>();
        foreach (var f in frontiers)
        {
            if (opener.TryOpen(SealDomain.Frontier, f.Salt, f.Nonce, [lane, f.Origin, f.Position, f.Highest], f.Sealed,
                out _) && origins[f.Origin] is { } origin)
                found.Add(new Frontier(origin, (ulong)f.Position, (ulong)f.Highest));
        }
        return new LaneProgress(found, gaps, MustForget: false, Damaged: found.Count != frontiers.Count);
    }

    /// <summary>The ledger's forks of a lane's entities. An entry that is damaged still names its entity, and keeps it
    /// quarantined.</summary>
    public static IReadOnlyList<ConflictRecord> Forks(
        int lane, IEnumerable<ConflictRow> rows, Opener opener, OriginTable origins, Func<long, EntityKey?> keyOf)
    {
        var found = new List<ConflictRecord>();
        foreach (var row in rows)
        {
            if (!row.TryOpen(opener, origins, keyOf(row.Entity), out var fork))
                fork = fork is null ? null : fork with { Reason = "the ledger's entry of it is damaged" };
            if (fork is not null && fork.Entity.Lane == lane)
                found.Add(fork);
        }
        return found;
    }

    /// <summary>The frontier that a life which is over leaves in a lane, or null when it wrote nothing there.</summary>
    /// <param name="ownHead">Position of its last own row.</param>
    public Frontier? OfClosedLife(Origin closed, ulong ownHead)
    {
        var before = Frontiers.FirstOrDefault(f => f.Origin.Equals(closed));
        var position = Math.Max(before.Position, ownHead);
        return position == 0 ? null : new Frontier(closed, position, Math.Max(position, before.Highest));
    }
}
