using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>What a lane knows of rows that are gone: through which positions of each origin some may be, durably so in
/// a note. And a region that may have lost what others have removed: it writes to entities that they compact once it
/// holds as much as one of them.</remarks>
internal sealed partial class LaneReplica
{
    private Dictionary<Origin, ulong> removedThrough = [];
    private Dictionary<Origin, ulong> removedDurably = [];
    private readonly Dictionary<string, IReadOnlyDictionary<Origin, ulong>> catchUpTo = new(StringComparer.Ordinal);
    private bool mayHaveLost;
    private bool wasSetBack;
    private Loss lossStored;
    private bool isNotingLoss;
    private bool isLossNew;

    /// <summary>Rows of the origin up to this position may be gone, or be going with a group under way.</summary>
    public ulong RemovedThrough(Origin origin)
        => removedThrough.GetValueOrDefault(origin);

    /// <summary>The same, of what is durable.</summary>
    public ulong RemovedDurablyThrough(Origin origin)
        => removedDurably.GetValueOrDefault(origin);

    private void BeginCompaction(LaneState state)
    {
        var note = state.Notes.FirstOrDefault(n => n.Name == RemovedThroughCodec.NoteName);
        if (note is not null)
            removedThrough = RemovedThroughCodec.Read(note);
        else if (state.NotesDamaged)
            removedThrough = AllThatIsHere();
        removedDurably = new Dictionary<Origin, ulong>(removedThrough);
        lossStored = LossNoteCodec.Read(state.Notes);
        mayHaveLost = (writer.MayHaveLost || lossStored.MayHaveLost || state.NotesDamaged) && context.Others.Any();
        wasSetBack = writer.WasRestored || lossStored.IsBehind;
        TendLoss();
    }

    // Nobody knows any more what is gone: any of it may be, and the next note says so, too.
    private Dictionary<Origin, ulong> AllThatIsHere()
    {
        var all = Origins.Select(o => (Origin: o, Highest: HighestHere(o))).Where(o => o.Highest > 0)
            .ToDictionary(o => o.Origin, o => o.Highest);
        if (writer.Newest is { } own && OwnHead > 0)
            all[own] = Math.Max(OwnHead, all.GetValueOrDefault(own));
        return all;
    }

    // In memory from now on, before anything is gone: a page that was read before is then not taken for all.
    private void StoreCheckpoint(EntityCheckpoint checkpoint, CheckpointContent content)
    {
        filling.Checkpoints.RemoveAll(c => c.Entity == checkpoint.Entity);
        filling.Checkpoints.Add(checkpoint);
        filling.Snapshots.RemoveAll(s => s.Entity == checkpoint.Entity);
        context.Hit(Probe.CheckpointWritten);
        foreach (var (origin, position) in content.Positions)
            removedThrough[origin] = Math.Max(position, removedThrough.GetValueOrDefault(origin));
        filling.RemovedThrough = new Dictionary<Origin, ulong>(removedThrough);
        var note = RemovedThroughCodec.Write(removedThrough);
        filling.Notes[note.Name] = note;
    }

    private void RemovedDurably(PendingGroup group)
    {
        if (group.RemovedThrough is { } through)
            removedDurably = through;
    }

    // A group failed: what it would have removed is there. One under way may still succeed.
    private void ForgetCompacted()
    {
        removedThrough = new Dictionary<Origin, ulong>(underWay?.RemovedThrough ?? removedDurably);
        compactedQueue.Clear();
    }

    /// <summary>This journal turned out to lack what was written here.</summary>
    public void HasLost()
    {
        mayHaveLost = context.Others.Any();
        wasSetBack = true;
        catchUpTo.Clear();
    }

    /// <summary>Others tell so. What they hold they have told perhaps, and tell it again when it changes: that counts
    /// with the next tick, because the event that shows the loss is being taken.</summary>
    public void HasLostAsTold()
    {
        HasLost();
        isLossNew = true;
        TendLoss(); // before the next life opens
    }

    /// <summary>Looks whether what others had told before a loss came to light is here.</summary>
    public void FollowLoss()
    {
        if (!isLossNew)
            return;
        isLossNew = false;
        FollowCatchingUp();
    }

    /// <summary>This journal is known to have been set back, and has not caught up with any other region since: a
    /// subject may have been forgotten without its knowing.</summary>
    public bool MayLackForgettings => mayHaveLost && wasSetBack;

    /// <summary>The journal itself says by now what it may lack: whoever opens it next, after a clean stop even, need
    /// not know what became of it.</summary>
    public bool IsLossNoted => Fenced
        || ((!Loss.MayHaveLost || lossStored.MayHaveLost) && (!Loss.WasSetBack || lossStored.WasSetBack)
            && (!Loss.IsBehind || lossStored.IsBehind));

    private Loss Loss => context.Primaries.Recovery.IsWhole ? new Loss(mayHaveLost, false, MayLackForgettings)
        : new Loss(true, true, MayLackForgettings);

    /// <summary>Notes whether this journal may lack something.</summary>
    public void TendLoss()
    {
        if (Loss == lossStored || isNotingLoss || Fenced)
            return;
        var noted = Loss;
        isNotingLoss = true;
        Keep(LossNoteCodec.Write(noted), () =>
        {
            (lossStored, isNotingLoss) = (noted, false);
            TendLoss(); // more may have come to light meanwhile
        });
    }

    // A group failed, and its note with it.
    private void NoteLossAgain()
    {
        isNotingLoss = underWay?.Notes.ContainsKey(LossNoteCodec.NoteName) == true;
        TendLoss();
    }

    // Others are members now: nobody is left to wait for, or somebody's report counts that did not.
    private void FollowCatchingUp()
    {
        if (!mayHaveLost)
            return;
        catchUpTo.Clear();
        if (!context.Others.Any())
            CaughtUp();
        foreach (var peer in links.Peers)
        {
            if (peer.Reports[Lane] is { } report)
                CatchUpTo(peer.Name, report.Held);
        }
    }

    /// <summary>A peer told what it holds. Of what any region has removed it holds all: nothing is final that some
    /// member has not confirmed.</summary>
    public void CatchUpTo(string peer, IReadOnlyDictionary<Origin, ulong> held)
    {
        if (!mayHaveLost || !MayTell(peer))
            return;
        catchUpTo.TryAdd(peer, held);
        LookForCaughtUp();
    }

    /// <summary>A peer's process was replaced by another: what it told may be nowhere any more.</summary>
    public void ForgetToldBy(string peer) => catchUpTo.Remove(peer);

    // One that joins may hold nothing yet. It counts where it is the only other.
    private bool MayTell(string peer) => context.Configuration.Find(peer) is { IsJoining: false }
        || !context.Configuration.Settled.Any(m => m != context.Options.Region);

    // With any one of them; the first may be gone before it has sent what it told.
    private void LookForCaughtUp()
    {
        if (!mayHaveLost || !catchUpTo.Values.Any(held => held.All(h => Holds(h.Key) >= h.Value)))
            return;
        CaughtUp();
    }

    private void CaughtUp()
    {
        mayHaveLost = false;
        catchUpTo.Clear();
        RunWaiting();
    }

    private bool IsHeldForPeers(EntityReplica entity, EntityRequest request)
        => mayHaveLost && entity.Type.Compacts && request is CommandRequest;

    private Failure NotCaughtUp() => new(ErrorCodes.NotCaughtUp,
        $"Region {context.Options.Region} did not stop cleanly, and may lack events of which other regions keep no "
        + "rows; it has not caught up with any of them.",
        "Try again, or ask another region. Once one other region is reachable, this goes by itself.");
}
