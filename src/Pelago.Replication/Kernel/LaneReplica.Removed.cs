using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>What a lane knows of rows that are gone: through which positions of each origin some may be, durably so in
/// a note. And a region that may have lost something: what others have removed, then it writes to entities that they
/// compact once it holds as much as one of them; and that somebody was forgotten, then it shows and gives away nothing
/// personal before it holds as much as so many of them that no majority is without one.</remarks>
internal sealed partial class LaneReplica
{
    private Dictionary<Origin, ulong> removedThrough = [];
    private Dictionary<Origin, ulong> removedDurably = [];
    private readonly Dictionary<string, IReadOnlyDictionary<Origin, ulong>> catchUpTo = new(StringComparer.Ordinal);
    private readonly HashSet<string> caughtUpWith = new(StringComparer.Ordinal);
    private bool mayHaveLost;
    private bool isBehind;
    private Loss lossStored;
    private bool isNotingLoss;
    private bool isLossNew;

    /// <summary>Rows of the origin up to this position may be gone, or be going with a group under way.</summary>
    public ulong RemovedThrough(Origin origin) => RemovedThrough(removedThrough, origin);

    /// <summary>The same, of what is durable.</summary>
    public ulong RemovedDurablyThrough(Origin origin) => RemovedThrough(removedDurably, origin);

    // A life that is not named, before one that is: any of its rows may be gone.
    private ulong RemovedThrough(Dictionary<Origin, ulong> named, Origin origin)
        => named.Count == 0 ? 0 : named.TryGetValue(origin, out var through) ? through
            : !origin.Equals(writer.Newest) && IsBeforeOneOf(named, origin) ? HighestHere(origin) : 0;

    private static bool IsBeforeOneOf(Dictionary<Origin, ulong> named, Origin origin)
    {
        foreach (var other in named.Keys)
        {
            if (other.Region == origin.Region && other.CompareTo(origin) > 0)
                return true;
        }
        return false;
    }

    // Journals begin lives for years: the last of a region that is past stands for those before it.
    private void NameNoMoreThanNeeded()
    {
        foreach (var origin in removedThrough.Keys
            .Where(o => past.Include(o) && IsBeforeOneOf(removedThrough, o)).ToArray())
            removedThrough.Remove(origin);
    }

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
        isBehind = (writer.WasRestored || lossStored.IsBehind) && context.Others.Any();
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
        NameNoMoreThanNeeded();
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
        mayHaveLost = isBehind = context.Others.Any();
        catchUpTo.Clear();
        caughtUpWith.Clear();
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

    /// <summary>This journal is known to have been set back, and has not caught up with enough other regions since: a
    /// subject may have been forgotten without its knowing.</summary>
    public bool MayLackForgettings => isBehind;

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
        if (!mayHaveLost && !isBehind)
            return;
        catchUpTo.Clear();
        if (!context.Others.Any())
            (mayHaveLost, isBehind) = (false, false);
        CaughtUp();
        foreach (var peer in links.Peers)
        {
            if (peer.Reports[Lane] is { } report)
                CatchUpTo(peer.Name, report.Held);
        }
    }

    /// <summary>A peer told what it holds. Of what any region has removed it holds all: nothing is final that some
    /// member has not confirmed. Its first word counts.</summary>
    public void CatchUpTo(string peer, IReadOnlyDictionary<Origin, ulong> held)
    {
        if ((!mayHaveLost && !isBehind) || !MayTell(peer) || caughtUpWith.Contains(peer))
            return;
        catchUpTo.TryAdd(peer, held);
        LookForCaughtUp();
    }

    /// <summary>A peer's process was replaced by another: what it told may be nowhere any more.</summary>
    public void ForgetToldBy(string peer) => catchUpTo.Remove(peer);

    // One that joins may hold nothing yet. It counts where it is the only other.
    private bool MayTell(string peer) => context.Configuration.Find(peer) is { IsJoining: false }
        || !context.Configuration.Settled.Any(m => m != context.Options.Region);

    private void LookForCaughtUp()
    {
        if (catchUpTo.Count == 0)
            return;
        var before = caughtUpWith.Count;
        foreach (var (peer, held) in catchUpTo)
        {
            if (held.All(h => Holds(h.Key) >= h.Value))
                caughtUpWith.Add(peer);
        }
        if (caughtUpWith.Count == before)
            return;
        foreach (var peer in caughtUpWith)
            catchUpTo.Remove(peer); // that it is here stays so, whoever answers for that region from now on
        CaughtUp();
    }

    // For what was removed with any one of them; the first may be gone before it has sent what it told.
    private void CaughtUp()
    {
        mayHaveLost &= caughtUpWith.Count == 0;
        isBehind &= !HaveEnoughTold();
        RunWaiting();
    }

    // Whoever was forgotten in a majority was forgotten in one of them.
    private bool HaveEnoughTold()
    {
        var settled = context.Configuration.Settled;
        var others = settled.Where(m => m != context.Options.Region).ToArray();
        return others.Length == 0 ? caughtUpWith.Count > 0
            : others.Count(caughtUpWith.Contains) >= Math.Min(others.Length, settled.Count - (settled.Count / 2));
    }

    private bool IsHeldForPeers(EntityReplica entity, EntityRequest request)
        => mayHaveLost && entity.Type.Compacts && request is CommandRequest;

    private Failure NotCaughtUp() => new(ErrorCodes.NotCaughtUp,
        $"Region {context.Options.Region} did not stop cleanly, and may lack events of which other regions keep no "
        + "rows; it has not caught up with any of them.",
        "Try again, or ask another region. Once one other region is reachable, this goes by itself.");
}
