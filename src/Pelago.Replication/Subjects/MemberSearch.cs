using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A search for the personal members in the events of a command that is not in memory any more: through the
/// rows of its entity, page by page, from the newest one on.</summary>
internal sealed class MemberSearch(EntityKey entity, BatchId batch, KeyWait wait)
{
    private List<SealedBox>? boxes;
    private int found;
    private int length = int.MaxValue;

    public EntityKey Entity { get; } = entity;

    /// <summary>Of the command that waits for it.</summary>
    public KeyWait Wait { get; } = wait;

    /// <summary>Rows through this local sequence are left to be looked at.</summary>
    public required ulong End { get; set; }

    /// <summary>Rows through this one are gone.</summary>
    public required ulong Gone { get; init; }

    /// <summary>Before the first row of the page.</summary>
    public ulong After { get; private set; }

    public IReadOnlyList<SealedBox> Boxes => boxes ?? [];

    /// <summary>All events of the command were found.</summary>
    public bool IsWhole => found >= length;

    public bool HasMore => End > Gone;

    /// <summary>Goes on to the page before.</summary>
    public void Begin(int rows) => After = Math.Max(Gone, End - Math.Min(End, (ulong)rows));

    /// <summary>Looks at the page.</summary>
    public void Look(EntityRows rows)
    {
        foreach (var (_, row) in rows.Rows)
        {
            if (row.LocalSequence > End || BatchId.Of(row.Event) != batch)
                continue;
            (found, length) = (found + 1, row.Event.BatchLength);
            SealedBoxes.Find(row.Event.Payload.Span, ref boxes);
        }
        End = After;
    }
}
