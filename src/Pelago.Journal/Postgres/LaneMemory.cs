using Pelago.Model;

namespace Pelago.Journal;

/// <summary>A lane's row as this process knows it.</summary>
/// <param name="Life">Number of the incarnation that writes.</param>
internal readonly record struct LaneRecord(uint Epoch, ulong Head, ulong OwnHead, long Life);

/// <summary>The lanes' rows as this process left them: what its next append expects to find. The writer changes it,
/// every thread reads it.</summary>
internal sealed class LaneMemory
{
    private readonly Lock gate = new();
    private readonly LaneRecord[] lanes = new LaneRecord[EntityKey.Lanes];

    public LaneRecord this[int lane]
    {
        get
        {
            lock (gate)
                return lanes[lane];
        }
        set
        {
            lock (gate)
                lanes[lane] = value;
        }
    }

    /// <summary>All lanes at one moment.</summary>
    public LaneRecord[] All
    {
        get
        {
            lock (gate)
                return [.. lanes];
        }
    }

    /// <summary>All heads at one moment.</summary>
    public ulong[] Heads => [.. All.Select(l => l.Head)];
}
