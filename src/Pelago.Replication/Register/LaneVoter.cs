using Pelago.Model;

namespace Pelago.Replication;

/// <summary>How sure a region is, at start, that its journal holds all that it voted.</summary>
public enum VoterMemory
{
    /// <summary>It stopped cleanly.</summary>
    Whole,

    /// <summary>It died: everything is there if the disk keeps what it confirms.</summary>
    Presumed,

    /// <summary>The journal is new, was restored or copied, or lost rows.</summary>
    Lost,
}

/// <summary>The vote of this region in one lane: what it promised and accepted of each register, durable before anybody
/// hears of it.</summary>
/// <remarks>In parts: this file holds state and notes, Asks the votes, Enrol the way to them after a start. What is in
/// memory may be ahead of the journal, and only ever makes this voter refuse more; an answer leaves when all that it
/// says is durable, so a group that fails costs an answer and nothing else.</remarks>
internal sealed partial class LaneVoter
{
    private readonly KernelOptions options;
    private readonly IRegisterShell shell;
    private readonly Electorate electorate;
    private readonly SortedDictionary<EntityKey, Held> registers = [];
    private readonly SortedDictionary<string, VoterLife> known = new(StringComparer.Ordinal);
    private readonly VoterMemory memory;
    private StoredRoll? roll;
    private Incarnation? first;
    private Incarnation? life;
    private Incarnation? stood;
    private bool remembers;
    private bool knowsBefore;
    private Phase phase;
    private long bytes;
    private bool isFullAlarmed;
    private long rollRevision;
    private long rollDurable;

    public LaneVoter(
        int lane, KernelOptions options, IRegisterShell shell, Electorate electorate, IReadOnlyList<LaneNote> notes,
        VoterMemory memory)
    {
        (Lane, this.options, this.shell, this.electorate) = (lane, options, shell, electorate);
        this.memory = memory;
        foreach (var note in notes)
        {
            if (note.Name == RegisterNotes.RollName)
                roll = RegisterNotes.ReadRoll(note);
            else if (RegisterNotes.IsRegister(note))
                Recover(RegisterNotes.ReadRegister(note));
        }
    }

    public int Lane { get; }

    private enum Phase
    {
        /// <summary>It has no vote, and does not try to get one.</summary>
        None,

        /// <summary>The new life is being noted here.</summary>
        Noting,

        /// <summary>The others are asked.</summary>
        Asking,

        /// <summary>The others, who all remember no votes, are told that there will be some.</summary>
        Announcing,

        /// <summary>What they sent is being stored.</summary>
        Storing,

        /// <summary>It votes.</summary>
        Standing,

        /// <summary>A newer life of this region votes elsewhere.</summary>
        Deposed,
    }

    /// <summary>It votes.</summary>
    public bool Stands => phase == Phase.Standing && shell.Owns(Lane);

    /// <summary>The journal itself says by now that it does not hold all that was voted: whoever opens it next need
    /// not know what became of it.</summary>
    public bool IsLossNoted => memory != VoterMemory.Lost || roll is null || rollDurable > 0
        || !electorate.IsVoter;

    /// <summary>Its present life; null when it has no vote.</summary>
    public Incarnation? Life => life;

    /// <summary>Another process of that region votes, or is about to, in a later life than this one.</summary>
    public bool KnowsLaterLife(string region, Incarnation than)
        => known.TryGetValue(region, out var newest) && newest.Life.CompareTo(than) > 0;

    /// <summary>Registers that it holds.</summary>
    public int Count => registers.Count;

    /// <summary>What it holds of one, voted for or copied.</summary>
    public RegisterValue? ValueOf(EntityKey register) => registers.GetValueOrDefault(register)?.State.Value;

    private long Now => shell.NowMilliseconds;

    /// <summary>Somebody knows of a life of this region; ours ends when it is a newer one.</summary>
    public void Heard(IReadOnlyList<VoterLife> lives)
    {
        foreach (var named in lives)
        {
            if (named.Region != options.Region || life is not { } own || named.Life.CompareTo(own) < 0)
                continue;
            if (named.Life == own)
            {
                if (named.IsForgetful && remembers && phase is not Phase.Deposed)
                    ForgetWhatWasPresumed(own);
                continue;
            }
            if (phase is Phase.Standing)
                Depose();
            else if (phase is not Phase.Deposed)
                BeginAfter(named.Life);
        }
    }

    /// <summary>Somebody had noted a life that this journal did not know: it is an older copy.</summary>
    public bool HasForgotten { get; private set; }

    private void ForgetWhatWasPresumed(Incarnation own)
    {
        HasForgotten = true;
        shell.Hit(Probe.VoterFoundForgetful);
        BeginAfter(own);
    }

    // A life that this journal has forgotten, or that a copy of it has lived: what was said in it is not here.
    private void BeginAfter(Incarnation forgotten)
    {
        (remembers, knowsBefore, first, stood) = (false, false, null, null);
        BeginLife(forgotten);
    }

    private void Depose()
    {
        (phase, remembers, knowsBefore, first, stood) = (Phase.Deposed, false, false, null, null);
        rollRevision++;
        KeepRoll();
        shell.Hit(Probe.VoterDeposed);
        shell.Alarm(AlarmKind.Superseded,
            $"Another process has taken over the votes of {options.Region} in lane {Lane}: a clone or a restored copy "
            + "is running. This one does not vote until it is started again.");
    }

    private IReadOnlyList<VoterLife> Lives => [.. known.Values];

    private void Recover(RegisterRecord record)
    {
        registers[record.Register] = new Held { State = record.State };
        bytes += record.State.Weight;
    }

    /// <summary>Takes note of another voter's life. False when nothing is new.</summary>
    private bool Note(VoterLife heard)
    {
        if (!electorate.Others.Contains(heard.Region))
            return false;
        var before = known.TryGetValue(heard.Region, out var found) ? found : default(VoterLife?);
        var newest = before is { } b && b.Life.CompareTo(heard.Life) > 0 ? b.Life : heard.Life;
        var stands = before?.Stood is { } s && (heard.Stood is not { } h || s.CompareTo(h) > 0) ? s : heard.Stood;
        var after = new VoterLife(heard.Region, newest, stands)
        {
            IsForgetful = (heard.Life == newest && heard.IsForgetful)
                || (before is { IsForgetful: true } marked && marked.Life == newest),
        };
        if (before == after)
            return false;
        known[heard.Region] = after;
        return true;
    }

    // Each voter takes new ones up to its own bound, and not all have the same: whoever copies makes room for what all
    // may hold. What is beyond that no voter has taken in its time.
    private bool HasRoomFor(IReadOnlyList<RegisterRecord> copied) => bytes
        + copied.Where(r => !registers.ContainsKey(r.Register)).Sum(r => (long)r.State.Weight)
        <= (long)options.RegisterBytesPerLane * electorate.Voters.Count;

    private void AlarmWhenNearlyFull()
    {
        if (isFullAlarmed || bytes < options.RegisterBytesPerLane / 4 * 3)
            return;
        isFullAlarmed = true;
        shell.Alarm(AlarmKind.RegistersFull, $"Lane {Lane} holds {registers.Count} registers of {bytes} bytes; beyond "
            + $"{options.RegisterBytesPerLane} it takes no new ones (PLG5106).");
    }

    private void KeepRegister(EntityKey register, Held held, Action durable)
    {
        var revision = held.Revision;
        shell.Keep(Lane, RegisterNotes.Of(new RegisterRecord(register, held.State)), () =>
        {
            held.Durable = Math.Max(held.Durable, revision);
            durable();
        });
    }

    // Together with all that it stands on, which may have been lost with a group that failed.
    private void KeepRoll(Action? durable = null)
    {
        if (phase == Phase.Storing)
        {
            foreach (var (register, held) in registers.Where(r => !r.Value.IsDurable))
                KeepRegister(register, held, () => { });
        }
        var revision = rollRevision;
        var written = new StoredRoll(
            first, life, stood, remembers, phase is Phase.Storing or Phase.Standing, Lives)
        {
            Epoch = electorate.Epoch, KnowsBefore = knowsBefore,
        };
        shell.Keep(Lane, RegisterNotes.Of(written), () =>
        {
            rollDurable = Math.Max(rollDurable, revision);
            durable?.Invoke();
        });
    }

    /// <summary>One register in memory.</summary>
    private sealed class Held
    {
        public RegisterState State { get; set; }

        /// <summary>Counts changes of the state.</summary>
        public long Revision { get; set; }

        /// <summary>The newest revision that is durable.</summary>
        public long Durable { get; set; }

        public bool IsDurable => Revision == Durable;
    }
}
