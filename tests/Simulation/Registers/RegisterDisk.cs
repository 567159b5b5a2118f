using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>The notes of one region that are durable, in the order in which they were written.</summary>
internal sealed class RegisterDisk
{
    private readonly List<(int Lane, LaneNote Note)[]> log = [];

    /// <summary>Groups so far; a place to roll back to.</summary>
    public int Writes => log.Count;

    /// <summary>Groups fail while set.</summary>
    public bool Full { get; set; }

    /// <summary>Whether the last process stopped cleanly, died, or the disk is not what it left behind.</summary>
    public VoterMemory Memory { get; set; } = VoterMemory.Lost;

    public void Write((int Lane, LaneNote Note)[] group) => log.Add(group);

    public void RollBack(int writes) => log.RemoveRange(writes, log.Count - writes);

    public RegisterDisk Clone()
    {
        var copy = new RegisterDisk { Memory = VoterMemory.Lost };
        copy.log.AddRange(log);
        return copy;
    }

    /// <summary>A lane as a journal would recover it.</summary>
    public LaneState Read(int lane)
    {
        var notes = new SortedDictionary<string, LaneNote>(StringComparer.Ordinal);
        foreach (var (of, note) in log.SelectMany(g => g).Where(w => w.Lane == lane))
            notes[note.Name] = note;
        return new LaneState(lane, 1, 0, 0, [], []) { Notes = [.. notes.Values] };
    }
}
