using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>What survives a crash: the log of transactions of one journal, and the guard file that lies
/// elsewhere.</summary>
/// <remarks>Keeping the log, not only its sum, is what makes the unkind faults cheap: a torn tail and a restored backup
/// are
/// the log cut short, a clone is the log copied, and the guard file stays what it was in all three.</remarks>
internal sealed class SimulatedDisk
{
    private readonly List<DiskWrite> log = [];
    private readonly Guid journalId;
    private GuardFile? guard;
    private Continuity continuity = Continuity.Broken;
    private bool wroteOwn;

    /// <summary>An empty disk whose journal will have this id.</summary>
    public SimulatedDisk(Guid journalId) => this.journalId = journalId;

    /// <summary>Number of transactions so far; a place to roll back to.</summary>
    public int Writes => log.Count;

    /// <summary>Id of the journal, given at creation.</summary>
    public Guid JournalId => journalId;

    /// <summary>When set, every group fails and nothing is written.</summary>
    public bool Full { get; set; }

    /// <summary>Lanes come up without their notes, which are damaged.</summary>
    public bool NotesDamaged { get; set; }

    /// <summary>Rows that cannot be opened, by entity and local sequence.</summary>
    public HashSet<(EntityKey Entity, ulong LocalSequence)> Damaged { get; } = [];

    /// <summary>Groups were cut off; whoever judges the run takes it back.</summary>
    public bool IsSetBack { get; set; }

    /// <summary>The conflict ledger.</summary>
    public IReadOnlyList<ConflictRecord> Conflicts => State.Conflicts;

    internal StoredState State { get; private set; } = new();

    /// <summary>Called with each group once it is durable, before anybody is told.</summary>
    public Action<IReadOnlyList<LaneBatch>>? Written { get; set; }

    /// <summary>What a process that opens the journal now finds; a journal that was stopped cleanly runs from then
    /// on.</summary>
    public JournalIdentity Open()
    {
        (var found, var reason) = (guard, State.Incarnation) switch
        {
            (_, null) => (Continuity.Broken, "The journal is new."),
            (null, _) => (Continuity.Broken, "The guard file is missing."),
            ({ } g, _) when g.JournalId != journalId => (Continuity.Broken, "The guard file is another journal's."),
            ({ } g, { } life) when g.Incarnation != life => (Continuity.Broken, "The guard file knows another life."),
            ({ Stopped: true } g, _) when g.Heads.AsSpan().SequenceEqual(State.Heads()) => (Continuity.Clean, ""),
            ({ Stopped: false } g, _) when !g.Heads.Zip(State.Heads()).Any(h => h.Second < h.First)
                => (Continuity.Unclean, "The process had not stopped cleanly."),
            _ => (Continuity.Broken, "The guard file knows another head: the journal was restored."),
        };
        (continuity, wroteOwn) = (found, false);
        if (continuity == Continuity.Clean)
            guard = guard! with { Stopped = false };
        return new JournalIdentity(journalId, State.Incarnation, continuity, reason);
    }

    /// <summary>A clean stop. It does not prove what was not proven: a life that nobody wrote to since an unclean start
    /// leaves the guard as it was.</summary>
    public void Close()
    {
        if (continuity == Continuity.Clean || (continuity == Continuity.Unclean && wroteOwn))
            guard = new GuardFile(journalId, State.Incarnation, State.Heads(), Stopped: true);
    }

    /// <summary>Cuts the log: a torn tail or a restored backup.</summary>
    /// <returns>The events that this disk no longer has.</returns>
    public IReadOnlyList<EventRecord> RollBack(int writes)
    {
        var rows = log.Skip(writes).OfType<GroupWritten>().SelectMany(g => g.Batches).SelectMany(b => b.Rows);
        var lost = rows.Select(r => r.Event).ToArray();
        IsSetBack |= log.Skip(writes).OfType<GroupWritten>().Any();
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
        if (write is LifeBegun begun)
        {
            guard = new GuardFile(journalId, begun.Next.Incarnation, State.Heads(), Stopped: false);
            continuity = Continuity.Clean;
        }
        if (write is not GroupWritten group)
            return;
        wroteOwn |= group.Batches.Any(b => b.Rows.Any(r => r.Own));
        Written?.Invoke(group.Batches);
    }
}

/// <summary>What the guard file holds.</summary>
/// <param name="Heads">Lane heads at the stop, or when the life or the process began.</param>
/// <param name="Stopped">False while a process runs, or when it died.</param>
internal sealed record GuardFile(Guid JournalId, Incarnation? Incarnation, ulong[] Heads, bool Stopped);

/// <summary>A durable transaction.</summary>
internal abstract record DiskWrite;

internal sealed record LaneTaken(int Lane) : DiskWrite;

internal sealed record LifeBegun(Origin Next) : DiskWrite;

internal sealed record GroupWritten(IReadOnlyList<LaneBatch> Batches) : DiskWrite;
