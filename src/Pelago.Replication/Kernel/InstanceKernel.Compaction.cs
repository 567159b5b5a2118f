namespace Pelago.Replication;

// Removal of rows of final events.
public sealed partial class InstanceKernel
{
    /// <summary>Asks to remove rows of an entity's final events; completed by <see cref="CompactDone"/>, exactly
    /// once.</summary>
    public void Compact(CompactRequest request, Moment now)
    {
        context.Now = now;
        lanes[request.Entity.Lane].Compact(request);
    }

    /// <summary>One of <see cref="KernelOptions.LaneReaders"/> has read a lane, durably so, through a position: it
    /// needs no row up to there any more.</summary>
    public void ReadThrough(string reader, int lane, ulong position, Moment now)
    {
        context.Now = now;
        lanes[lane].ReadThrough(reader, position);
    }

    /// <summary>Rows were read for <see cref="ReadRows"/>.</summary>
    public void RowsRead(long request, EntityRows rows, Moment now)
    {
        context.Now = now;
        var lane = lanes[rows.Entity.Lane];
        _ = lane.RowsRead(request, rows) || lane.MembersRead(request, rows);
    }

    /// <summary>They could not be read.</summary>
    public void RowsFailed(long request, Moment now)
    {
        context.Now = now;
        _ = Array.Exists(lanes, l => l.RowsFailed(request) || l.MembersFailed(request));
    }

    /// <summary>Checkpoints were read for <see cref="ReadCheckpoints"/>. When they cannot be read, it is
    /// <see cref="PageFailed"/>.</summary>
    public void CheckpointsRead(long request, CheckpointPage page, Moment now)
    {
        context.Now = now;
        links.CheckpointsRead(request, page);
    }
}
