using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What the kernel asks its shell to do. The shell does it and hands the result back as an input; order within
/// one link, and of appends, is kept.</summary>
public abstract record KernelEffect;

/// <summary>Commit a group; answer with <see cref="InstanceKernel.Committed"/>. One group is under way at a
/// time.</summary>
public sealed record AppendGroup(IReadOnlyList<LaneBatch> Batches) : KernelEffect;

/// <summary>Begin a new incarnation in the journal; answer with <see cref="InstanceKernel.IncarnationOpened"/>. Never
/// asked while a group is under way.</summary>
public sealed record OpenIncarnation(Origin Next, string Reason) : KernelEffect;

/// <summary>Read an entity (from the first event when <paramref name="History"/>); answer with
/// <see cref="InstanceKernel.Loaded"/>.</summary>
public sealed record LoadEntity(EntityKey Entity, bool History) : KernelEffect;

/// <summary>Read a page of a lane; answer with <see cref="InstanceKernel.PageRead"/> or
/// <see cref="InstanceKernel.PageFailed"/>.</summary>
public sealed record ReadPage(long Request, int Lane, ulong After, LaneFilter Filter, int MaxRows, int MaxBytes)
    : KernelEffect;

/// <summary>Read an entity from its first event, for a peer; answer with
/// <see cref="InstanceKernel.HistoryRead"/>.</summary>
public sealed record ReadHistory(long Request, EntityKey Entity) : KernelEffect;

/// <summary>Read rows of an entity after a local sequence, with the entity's checkpoint; answer with
/// <see cref="InstanceKernel.RowsRead"/>.</summary>
public sealed record ReadRows(long Request, EntityKey Entity, ulong After, int MaxRows) : KernelEffect;

/// <summary>Read checkpoints of a lane; answer with <see cref="InstanceKernel.CheckpointsRead"/>.</summary>
public sealed record ReadCheckpoints(long Request, int Lane, long After, int MaxCheckpoints) : KernelEffect;

/// <summary>An entity was compacted, or not.</summary>
public sealed record CompactDone(CompactRequest Request, CompactResult Result) : KernelEffect;

/// <summary>Look at entities of a lane with <see cref="EntityAudit"/>; answer with
/// <see cref="InstanceKernel.Audited"/> or <see cref="InstanceKernel.AuditFailed"/>.</summary>
/// <param name="Only">These, or null for the next ones of the lane, strictly after <paramref name="After"/>.</param>
public sealed record AuditEntities(
    long Request, int Lane, long After, int MaxEntities, IReadOnlyList<EntityKey>? Only) : KernelEffect;

/// <summary>Open a link to a peer; answer with <see cref="InstanceKernel.LinkOpened"/> or
/// <see cref="InstanceKernel.DialFailed"/>.</summary>
public sealed record Dial(string Peer) : KernelEffect;

/// <summary>Send a frame on a link.</summary>
public sealed record SendFrame(long Link, Frame Frame) : KernelEffect
{
    /// <summary>What it may overtake, and be overtaken by.</summary>
    public SendOrder Order { get; init; }
}

/// <summary>When a frame is sent on a link that cannot take all at once.</summary>
public enum SendOrder
{
    /// <summary>In order, and before catch-up of other lanes.</summary>
    Usual,

    /// <summary>Events that were read from the journal: what is live in other lanes goes before them.</summary>
    CatchUp,

    /// <summary>Before everything that waits: it claims nothing, and comes again in its order.</summary>
    Ahead,
}

/// <summary>Close a link after what was sent before. No <see cref="InstanceKernel.LinkClosed"/> is expected.</summary>
public sealed record CloseLink(long Link, string Reason) : KernelEffect;

/// <summary>A command is done.</summary>
public sealed record CommandDone(CommandRequest Request, RequestResult Result) : KernelEffect;

/// <summary>A read is done.</summary>
public sealed record ReadDone(ReadRequest Request, RequestResult Result) : KernelEffect;

/// <summary>Run every effect that the type has for an event that is final, one after another, each until it succeeds;
/// then answer with <see cref="InstanceKernel.EffectsDone"/>. A process that dies before that runs them
/// again.</summary>
public sealed record RunEffects(long Request, int Lane, FinalEvent Final) : KernelEffect;

/// <summary>A request for a register is done.</summary>
public sealed record RegisterDone(RegisterRequest Request, RegisterResult Result) : KernelEffect;

/// <summary>A request to become the primary of a type is done.</summary>
public sealed record PrimaryDone(PrimaryRequest Request, PrimaryResult Result) : KernelEffect;

/// <summary>A peer asks for something that this region is the primary of. Make a request of it, with
/// <see cref="EntityRequest.CameFromPeer"/>, and answer with <see cref="InstanceKernel.Answer"/>.</summary>
public sealed record AskReceived(long Link, AskFrame Ask) : KernelEffect;

/// <summary>Code of the service threw: a handler, a projection or a serializer. Whoever asked is told the type of the
/// exception only; the shell logs the rest.</summary>
/// <param name="Type">Name of the entity type.</param>
/// <param name="IsPersonal">The code may have had something personal in its hands, and its exceptions may quote it:
/// their messages are not to be logged.</param>
public sealed record ServiceCodeFailed(string Type, Exception Error, bool IsPersonal) : KernelEffect;

/// <summary>Something a person should know. Also counted.</summary>
public sealed record Alarm(AlarmKind Kind, string Text) : KernelEffect;

/// <summary>Kinds of alarm.</summary>
public enum AlarmKind
{
    /// <summary>A new incarnation began.</summary>
    NewIncarnation,

    /// <summary>Another process claims our incarnation: a clone, or a zombie.</summary>
    Superseded,

    /// <summary>Own event beyond what we have written in the current incarnation.</summary>
    OwnEventBeyondSeen,

    /// <summary>Two different events claim the same origin and sequence.</summary>
    Fork,

    /// <summary>Owed events that nobody has any more: their region lost them.</summary>
    EventsLost,

    /// <summary>An entity is parked.</summary>
    Parked,

    /// <summary>The own clock is off the group's median.</summary>
    ClockOff,

    /// <summary>The journal failed a group.</summary>
    JournalFailed,

    /// <summary>A lane was taken over by another owner.</summary>
    LaneFenced,

    /// <summary>A peer broke the protocol.</summary>
    Protocol,

    /// <summary>Rows that a peer asked for cannot be opened.</summary>
    RowsDamaged,

    /// <summary>The state of an entity could not be serialized for its snapshot.</summary>
    SnapshotFailed,

    /// <summary>Events that this region should have had were fetched from another one, after a comparison.</summary>
    EventsMended,

    /// <summary>An entity's snapshot did not agree with its events; it was folded again from them.</summary>
    StateMended,

    /// <summary>Another region's snapshot of an entity cannot be taken.</summary>
    SnapshotRefused,

    /// <summary>Rows of an entity cannot be removed: they do not add up to what it has seen.</summary>
    CompactionFailed,

    /// <summary>Effects of final events do not run.</summary>
    EffectsStopped,

    /// <summary>This region was removed from its group.</summary>
    RegionRemoved,

    /// <summary>Two regions know different members of the group under one epoch.</summary>
    GroupsDiffer,

    /// <summary>Two regions hold the same events of an entity, run the same version of its type, and made different
    /// states of them.</summary>
    StatesDiffer,

    /// <summary>The last region that votes has lost what was decided in registers, and goes on with what it
    /// holds.</summary>
    VotesLost,

    /// <summary>Two regions know different filters of a type in one epoch.</summary>
    FiltersDiffer,

    /// <summary>Lives of journals pile up, because some member does not confirm that it holds all of them; or a link
    /// was ended because there are too many to tell.</summary>
    LivesPileUp,

    /// <summary>The registers of a lane are nearly full, or more were to be copied than there may be.</summary>
    RegistersFull,

    /// <summary>The record of a type's primary has hardly any room, or none, for one more move without the region that
    /// is the primary.</summary>
    PrimaryRecordFull,

    /// <summary>The group names as many removed regions as it can, and one of them is not sealed.</summary>
    RemovedPileUp,

    /// <summary>Keys of subjects that were not forgotten are in no region that may have them.</summary>
    SubjectKeysLost,

    /// <summary>A region's version knows less than what it would have to be sent: it waits until it is
    /// upgraded.</summary>
    PeerTooOld,
}
