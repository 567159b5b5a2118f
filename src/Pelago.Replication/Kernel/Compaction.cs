using Pelago.Model;

namespace Pelago.Replication;

/// <summary>One entity that is being compacted. First all its rows are looked at: those that the final prefix holds are
/// added up, and as many of them as come first may go. Then they go, some with each group.</summary>
internal sealed class Compaction(CompactRequest request, ulong number)
{
    private readonly Dictionary<Origin, ulong> positions = [];
    private SetDigest events;
    private bool isOpen = true;

    public CompactRequest Request { get; } = request;

    public EntityKey Entity => Request.Entity;

    /// <summary>Tells answers to it from those to an older one of the same entity.</summary>
    public ulong Number { get; } = number;

    /// <summary>The read or group that it waits for.</summary>
    public long Reading { get; set; }

    /// <summary>What is to stand for the rows; without digest and positions until all rows were looked at.</summary>
    public CheckpointContent? Next { get; set; }

    /// <summary>What stands for the rows that are gone already.</summary>
    public CheckpointContent? Present { get; private set; }

    /// <summary>The checkpoint as it is stored, once all rows were looked at.</summary>
    public ReadOnlyMemory<byte> Content { get; private set; }

    /// <summary>Rows through this one were looked at, or are gone.</summary>
    public ulong Looked { get; set; }

    /// <summary>Rows through this one may go.</summary>
    public ulong Through { get; set; }

    public ulong Removed { get; set; }

    /// <summary>Rows that were found.</summary>
    public ulong Rows { get; set; }

    /// <summary>Some rows would go, and a reader has not read them.</summary>
    public bool IsUnread { get; private set; }

    public IReadOnlyList<string> WaitingFor { get; set; } = [];

    /// <summary>It waits for these because of events that stayed in their region.</summary>
    public bool IsHistoryMissing { get; set; }

    /// <summary>Begins with what an older checkpoint stands for.</summary>
    public void GoOnFrom(CheckpointContent present)
    {
        (Present, events) = (present, present.Events);
        foreach (var (origin, position) in present.Positions)
            positions[origin] = position;
    }

    /// <summary>Takes a row into account.</summary>
    /// <param name="readThrough">Positions of the lane that all readers have read.</param>
    public void Look(in LaneRow row, ulong readThrough)
    {
        var e = row.Row.Event;
        (Looked, Rows) = (row.Row.LocalSequence, Rows + 1);
        var isIn = e.Sequence <= Next!.Vector[e.Origin];
        if (isIn && e.Sequence > (Present?.Vector[e.Origin] ?? 0))
        {
            positions[e.Origin] = Math.Max(e.OriginPosition, positions.GetValueOrDefault(e.Origin));
            events = events.Add(EventDigest.Of(e));
        }
        IsUnread |= isOpen && isIn && row.Position > readThrough;
        isOpen &= isIn && row.Position <= readThrough;
        if (isOpen)
            Through = row.Row.LocalSequence;
    }

    /// <summary>Events of the prefix that were found, here or in the checkpoint before.</summary>
    public ulong Found => events.Count;

    /// <summary>All rows were looked at.</summary>
    /// <returns>False when what was written cannot be read: then no row may go.</returns>
    public bool Close()
    {
        Next = Next! with { Events = events, Positions = positions };
        Content = CheckpointCodec.Write(Next);
        return CheckpointCodec.TryRead(Entity, Content.Span, out var read) && read.Vector.Equals(Next.Vector)
            && read.Prefix.Count == Next.Prefix.Count;
    }
}
