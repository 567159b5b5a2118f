using Pelago.Model;

namespace Pelago.Journal;

/// <summary>What a check has seen of the lanes, and what it found. Rows of a lane come in order of position.</summary>
internal sealed class CheckFindings
{
    /// <summary>More findings than these are not listed.</summary>
    public const int Max = 1_000;

    private readonly List<Failure> found = [];
    private readonly ulong[] heads = new ulong[EntityKey.Lanes];
    private readonly ulong[] ownHeads = new ulong[EntityKey.Lanes];
    private readonly List<(int Lane, ulong Position)> missing = [];
    private RemovedPositions removed = new();
    private long rows;

    public JournalReport Report => new(rows, found);

    /// <summary>Rows seen so far.</summary>
    public long Rows => rows;

    public void Add(Failure failure)
    {
        if (found.Count < Max)
            found.Add(failure);
    }

    /// <summary>Positions that were removed before rows are looked at.</summary>
    public void Begin(RemovedPositions positions) => removed = positions;

    /// <summary>Names every position that had no row, unless it was removed, meanwhile perhaps; and compares what was
    /// removed with what stands for it.</summary>
    /// <param name="now">Positions that are removed by now.</param>
    /// <param name="through">Of each lane, how many rows its checkpoints stand for, as of the same moment.</param>
    public void End(RemovedPositions now, IReadOnlyList<ulong> through)
    {
        foreach (var (lane, position) in missing)
        {
            if (!now.Contains(lane, position))
                Add(Damage.Row(lane, position));
        }
        for (var lane = 0; lane < heads.Length; lane++)
        {
            if (now.Count(lane) != through[lane])
                Add(Damage.Failure($"{now.Count(lane)} rows of lane {lane} were removed, and the checkpoints of its "
                    + $"entities stand for {through[lane]}"));
        }
    }

    /// <summary>Takes a row into account.</summary>
    /// <returns>False when it is out of place; what it contains is then of no interest.</returns>
    public bool Place(long lane, ulong position)
    {
        rows++;
        if (lane is < 0 or >= EntityKey.Lanes || position <= heads[lane])
        {
            Add(Damage.Failure($"a row claims lane {lane}, position {position}, which is not its own"));
            return false;
        }
        if (removed.Contains((int)lane, position))
            Add(Damage.Failure($"the row at position {position} of lane {lane} was removed, and is there"));
        if (position - heads[lane] > Max + removed.Count((int)lane))
        {
            Add(Damage.Row((int)lane, position));
            return false;
        }
        Missing((int)lane, position - 1);
        heads[lane] = position;
        return true;
    }

    /// <summary>Notes that the row in place is one that the newest life wrote.</summary>
    public void Own(int lane, ulong position) => ownHeads[lane] = position;

    /// <summary>Names every position of a lane that had no row up to here.</summary>
    public void Missing(int lane, ulong through)
    {
        for (var position = heads[lane] + 1; position <= through && missing.Count < Max; position++)
        {
            if (!removed.Contains(lane, position))
                missing.Add((lane, position));
        }
        heads[lane] = Math.Max(heads[lane], through);
    }

    /// <summary>Compares what a lane's row says with its rows.</summary>
    public void Head(long lane, ulong head, ulong own)
    {
        if (lane is < 0 or >= EntityKey.Lanes || head < heads[lane])
            Add(Damage.Failure($"lane {lane} says that it ends at {head}, but its rows end later"));
        else if (own < ownHeads[lane] || own > head)
            Add(Damage.Failure($"lane {lane} says that its own rows end at {own}, but they end at {ownHeads[lane]}"));
    }
}
