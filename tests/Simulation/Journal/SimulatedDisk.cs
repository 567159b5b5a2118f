using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What survives a crash: the log of transactions of one journal, and the guard file that lies
/// elsewhere.</summary>
/// <remarks>Keeping the log, not only its sum, is what makes the unkind faults cheap: a torn tail and a restored backup
/// are
/// the log cut short, a clone is the log copied, and the guard file stays what it was in all three.</remarks>
public sealed class SimulatedDisk
{
    private readonly List<DiskWrite> log = [];
    private readonly Guid journalId;
    private GuardFile? guard;

    /// <summary>An empty disk whose journal will have this id.</summary>
    public SimulatedDisk(Guid journalId) => this.journalId = journalId;

    /// <summary>Number of transactions so far; a place to roll back to.</summary>
    public int Writes => log.Count;

    /// <summary>Id of the journal, given at creation.</summary>
    public Guid JournalId => journalId;

    /// <summary>When set, every group fails and nothing is written.</summary>
    public bool Full { get; set; }

    /// <summary>The conflict ledger.</summary>
    public IReadOnlyList<ConflictRecord> Conflicts => State.Conflicts;

    internal StoredState State { get; private set; } = new();

    /// <summary>Called with each group once it is durable, before anybody is told.</summary>
    public Action<IReadOnlyList<LaneBatch>>? Written { get; set; }

    /// <summary>What a process that opens the journal now finds; marks the journal as running from then on.</summary>
    public JournalIdentity Open()
    {
        var (continuity, reason) = (guard, State.Incarnation) switch
        {
            (_, null) => (Continuity.Broken, "The journal is new."),
            (null, _) => (Continuity.Broken, "The guard file is missing."),
            ({ } g, _) when g.JournalId != journalId => (Continuity.Broken, "The guard file is another journal's."),
            ({ CleanHeads: null }, _) => (Continuity.Unclean, "The process had not stopped cleanly."),
            ({ CleanHeads: { } heads }, _) when heads.AsSpan().SequenceEqual(State.Heads()) => (Continuity.Clean, ""),
            _ => (Continuity.Broken, "The guard file knows another head: the journal was restored."),
        };
        guard = new GuardFile(journalId, null);
        return new JournalIdentity(journalId, State.Incarnation, continuity, reason);
    }

    /// <summary>A clean stop.</summary>
    public void Close() => guard = new GuardFile(journalId, State.Heads());

    /// <summary>Cuts the log: a torn tail or a restored backup.</summary>
    /// <returns>The events that this disk no longer has.</returns>
    public IReadOnlyList<EventRecord> RollBack(int writes)
    {
        var rows = log.Skip(writes).OfType<GroupWritten>().SelectMany(g => g.Batches).SelectMany(b => b.Rows);
        var lost = rows.Select(r => r.Event).ToArray();
        log.RemoveRange(writes, log.Count - writes);
        State = new StoredState();
        foreach (var write in log)
            State.Apply(write);
        return lost;
    }

    /// <summary>A copy of this disk as it is now.</summary>
    /// <param name="withGuard">Whether the guard file was copied, too.</param>
    public SimulatedDisk Clone(bool withGuard)
    {
        var copy = new SimulatedDisk(journalId) { guard = withGuard ? guard : null };
        foreach (var write in log)
        {
            copy.log.Add(write);
            copy.State.Apply(write);
        }
        return copy;
    }

    /// <summary>The guard file is lost.</summary>
    public void LoseGuard() => guard = null;

    internal void Write(DiskWrite write)
    {
        log.Add(write);
        State.Apply(write);
        if (write is GroupWritten group)
            Written?.Invoke(group.Batches);
    }
}

/// <summary>What the guard file holds.</summary>
/// <param name="CleanHeads">Lane heads at the clean stop; null while a process runs, or when it died.</param>
internal sealed record GuardFile(Guid JournalId, ulong[]? CleanHeads);

/// <summary>A durable transaction.</summary>
internal abstract record DiskWrite;

internal sealed record LaneTaken(int Lane) : DiskWrite;

internal sealed record LifeBegun(Origin Next) : DiskWrite;

internal sealed record GroupWritten(IReadOnlyList<LaneBatch> Batches) : DiskWrite;
