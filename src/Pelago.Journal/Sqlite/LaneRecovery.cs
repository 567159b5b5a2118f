using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Reads what a lane had consumed: frontiers and owed gaps. Used by the writer's thread, in its transaction.
/// </summary>
/// <remarks>Damage here mends itself: a frontier that is forgotten makes peers send again what is already here, and it
/// is dropped as a duplicate. So a damaged frontier is left out, and a damaged owed gap, whose event would be lost with
/// it, takes the whole lane's frontiers with it.</remarks>
internal sealed class LaneRecovery
{
    private readonly Opener opener;
    private readonly OriginTable origins;
    private readonly EntityRegistry entities;
    private readonly Statement frontiers, owed, forks, forgetFrontiers, forgetOwed;

    public LaneRecovery(Database database, Opener opener, OriginTable origins, EntityRegistry entities)
    {
        (this.opener, this.origins, this.entities) = (opener, origins, entities);
        frontiers = database.Prepare(
            "SELECT origin, position, highest, salt, nonce, sealed FROM frontier WHERE lane = ?1");
        owed = database.Prepare(
            "SELECT entity, origin, from_sequence, position, salt, nonce, sealed FROM owed WHERE lane = ?1");
        forks = database.Prepare($"SELECT {ConflictRow.Columns} FROM conflict WHERE kind = 3 ORDER BY number");
        forgetFrontiers = database.Prepare("DELETE FROM frontier WHERE lane = ?1");
        forgetOwed = database.Prepare("DELETE FROM owed WHERE lane = ?1");
    }

    /// <summary>A lane's frontiers and gaps; <c>Damaged</c> when something had to be forgotten.</summary>
    public (IReadOnlyList<Frontier> Frontiers, IReadOnlyList<Owed> Owed, bool Damaged) Read(int lane)
    {
        var gaps = ReadOwed(lane, out var owedDamaged);
        if (owedDamaged)
        {
            forgetFrontiers.Bind(1, lane).Run();
            forgetOwed.Bind(1, lane).Run();
            return ([], [], true);
        }
        var found = ReadFrontiers(lane, out var frontierDamaged);
        return (found, gaps, frontierDamaged);
    }

    /// <summary>The ledger's forks of a lane's entities. An entry that is damaged still names its entity, and keeps it
    /// quarantined.</summary>
    public IReadOnlyList<ConflictRecord> ReadForks(int lane)
    {
        var found = new List<ConflictRecord>();
        while (forks.Step())
        {
            if (!ConflictRow.TryOpen(forks, opener, origins, entities, out var fork))
                fork = fork is null ? null : fork with { Reason = "the ledger's entry of it is damaged" };
            if (fork is not null && fork.Entity.Lane == lane)
                found.Add(fork);
        }
        forks.Reset();
        return found;
    }

    private List<Frontier> ReadFrontiers(int lane, out bool damaged)
    {
        var found = new List<Frontier>();
        damaged = false;
        frontiers.Bind(1, lane);
        while (frontiers.Step())
        {
            long origin = frontiers.Long(0), position = frontiers.Long(1), highest = frontiers.Long(2);
            if (opener.TryOpen(SealDomain.Frontier, frontiers.Long(3), frontiers.Long(4),
                [lane, origin, position, highest],
                frontiers.Blob(5), out _) && origins[origin] is { } known)
                found.Add(new Frontier(known, (ulong)position, (ulong)highest));
            else
                damaged = true;
        }
        frontiers.Reset();
        return found;
    }

    private List<Owed> ReadOwed(int lane, out bool damaged)
    {
        var found = new List<Owed>();
        damaged = false;
        owed.Bind(1, lane);
        while (owed.Step())
        {
            long entity = owed.Long(0), origin = owed.Long(1), from = owed.Long(2), position = owed.Long(3);
            if (opener.TryOpen(SealDomain.Owed, owed.Long(4), owed.Long(5), [lane, entity, origin, from, position],
                owed.Blob(6), out _) && origins[origin] is { } known && entities.TryKey(entity, out var key))
                found.Add(new Owed(key, known, (ulong)from, (ulong)position));
            else
                damaged = true;
        }
        owed.Reset();
        return found;
    }
}
