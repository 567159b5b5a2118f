namespace Pelago.Replication;

/// <summary>Moments of the protocol that are worth counting: rare enough to say something, and each a branch that a
/// test run should have taken.</summary>
public enum Probe
{
    /// <summary>An event that had been seen arrived again.</summary>
    DuplicateDropped,

    /// <summary>An event waits for its causes.</summary>
    HeldBack,

    /// <summary>An event waits for the rest of its batch.</summary>
    BatchHeldBack,

    /// <summary>No room was left for what waits: the newest went and became owed.</summary>
    HoldBackOverflow,

    /// <summary>A gap was noted durably, so that a frontier may pass it.</summary>
    OwedNoted,

    /// <summary>A gap was closed.</summary>
    OwedClosed,

    /// <summary>A fetched page was not the last one of its gap.</summary>
    OwedPageFetched,

    /// <summary>A gap was given up: nobody has what is missing.</summary>
    OwedGivenUp,

    /// <summary>What a gap is owed was held back until its causes came, here or for a peer that asked.</summary>
    OwedHeldBack,

    /// <summary>A damaged entity could not take an event, which became owed.</summary>
    PassedOver,

    /// <summary>A late event made the fold begin again from a checkpoint or the base.</summary>
    Rewound,

    /// <summary>Events that are folded again because of that: of each, once for every rewind over it.</summary>
    FoldedAgain,

    /// <summary>A late event came before a volatile checkpoint, which was dropped.</summary>
    RewoundOverCheckpoint,

    /// <summary>A late event came before the fold's base: the entity was read from its first event.</summary>
    HistoryNeeded,

    /// <summary>Events that are final went into a fold's base.</summary>
    BaseAdvanced,

    /// <summary>The fold refused an event.</summary>
    RefusedByFold,

    /// <summary>The fold left out a batch whose idempotency key another one owns.</summary>
    DeduplicatedByFold,

    /// <summary>A command came again with its idempotency key.</summary>
    CommandRepeated,

    /// <summary>A member's report was covered: more may be final.</summary>
    FinalityAdvanced,

    /// <summary>A member's new process made its uncovered reports void.</summary>
    StaleReportForgotten,

    /// <summary>A new incarnation began after another one.</summary>
    NewIncarnation,

    /// <summary>After an unclean stop every member agreed that the incarnation may go on.</summary>
    ContinuityProven,

    /// <summary>After an unclean stop a member held more than our head.</summary>
    ContinuityRefuted,

    /// <summary>Somebody held more of our present incarnation than we had written.</summary>
    OwnEventBeyondSeen,

    /// <summary>A newer process claims our incarnation.</summary>
    Superseded,

    /// <summary>Two living processes claim one region.</summary>
    RegionClaimedTwice,

    /// <summary>Two different events claim one origin and sequence.</summary>
    Fork,

    /// <summary>An origin is taken from a region that is not its own.</summary>
    RelayChosen,

    /// <summary>A row became durable beyond what is vouched for.</summary>
    RowBeyondFrontier,

    /// <summary>A peer had sent all it holds of an origin beyond its frontier.</summary>
    BeyondGathered,

    /// <summary>A life that is over was settled.</summary>
    LifeSettled,

    /// <summary>A life that is over has left the vectors of a lane.</summary>
    LifeRetired,

    /// <summary>A settled life went on after all.</summary>
    LifeUnsettled,

    /// <summary>The journal failed a group, and what was built on it was undone.</summary>
    GroupUndone,

    /// <summary>Another owner had taken a lane.</summary>
    LaneFenced,

    /// <summary>A request waits for what its causality token names.</summary>
    TokenWaited,

    /// <summary>A request waited for its token until the deadline.</summary>
    TokenExpired,

    /// <summary>A command that is durable here waits until other regions have it, too.</summary>
    AcknowledgementAwaited,

    /// <summary>It waited for them until the deadline.</summary>
    AcknowledgementExpired,

    /// <summary>A report went out at once, because the origin's region waits for it.</summary>
    AwaitedReportSent,

    /// <summary>The effects of a final event were asked for.</summary>
    EffectsRun,

    /// <summary>A snapshot was made.</summary>
    SnapshotWritten,

    /// <summary>An entity was restored from a snapshot.</summary>
    SnapshotRestored,

    /// <summary>A compacted entity was restored from its checkpoint.</summary>
    CheckpointRestored,

    /// <summary>A checkpoint became durable in place of rows.</summary>
    CheckpointWritten,

    /// <summary>Rows of final events were removed.</summary>
    RowsRemoved,

    /// <summary>A compaction removed nothing, because events are not final, or not read.</summary>
    CompactionWaited,

    /// <summary>A subscriber was told which entities it has to take as snapshots.</summary>
    CompactedTold,

    /// <summary>An entity was taken as another region's snapshot.</summary>
    SnapshotTaken,

    /// <summary>A region's snapshot was not taken: damaged, of another version, or behind what is here.</summary>
    SnapshotRefused,

    /// <summary>A command waited because this region may have lost what others have removed.</summary>
    WriteHeldForPeers,

    /// <summary>An event comes before the checkpoint that is left of an entity.</summary>
    BeforeCheckpoint,

    /// <summary>An idle entity left memory.</summary>
    EntityEvicted,

    /// <summary>An entity could not be read and was asked for again.</summary>
    LoadRetried,

    /// <summary>A page for a peer held rows that cannot be opened.</summary>
    DamagedRowSkipped,

    /// <summary>A link on which nothing arrived was closed.</summary>
    LinkSilent,

    /// <summary>A peer's digests of some entities were compared.</summary>
    DigestsCompared,

    /// <summary>What a peer has and this region lacks is on its way by the ordinary course.</summary>
    MissingExplained,

    /// <summary>What this region should have had was fetched from a peer.</summary>
    MissingFetched,

    /// <summary>A comparison has found two events under one name.</summary>
    ForkFound,

    /// <summary>A snapshot did not agree with the events.</summary>
    SnapshotRefuted,

    /// <summary>The same events gave different states in two regions.</summary>
    StatesDiffered,

    /// <summary>A report went out while the own clock was too far off to author with.</summary>
    ClockCorrected,

    /// <summary>A majority took a value.</summary>
    RegisterDecided,

    /// <summary>A majority held the same: read without a write.</summary>
    RegisterReadAtOnce,

    /// <summary>A voter refused a lower ballot than one it had promised.</summary>
    RegisterOutbid,

    /// <summary>A proposal that was outbid pauses.</summary>
    RegisterPaused,

    /// <summary>No majority before the deadline.</summary>
    RegisterWithoutQuorum,

    /// <summary>A proposal cannot tell whether its change was made.</summary>
    RegisterUnknown,

    /// <summary>A vote did not count because its voter has begun a new life since.</summary>
    VoteOfAnOlderLife,

    /// <summary>A voter began a life.</summary>
    VoterLife,

    /// <summary>A voter took a page of another's registers.</summary>
    VoterCopied,

    /// <summary>A voter found that nobody has ever voted.</summary>
    VoterFirst,

    /// <summary>A voter may vote after it has begun a life.</summary>
    VoterStands,

    /// <summary>A voter heard of a newer life of its own region.</summary>
    VoterDeposed,

    /// <summary>A voter that presumed its journal to be whole heard that it is an older copy.</summary>
    VoterFoundForgetful,

    /// <summary>What stayed here of a type was opened to other regions.</summary>
    HistoryOpened,

    /// <summary>Another region's opened history was taken as a whole.</summary>
    HistoryTaken,

    /// <summary>A request was sent to its entity's primary.</summary>
    Forwarded,

    /// <summary>One that was under way when its link ended is sent again.</summary>
    ForwardedAgain,

    /// <summary>A newer configuration of the group was taken.</summary>
    ConfigurationTaken,

    /// <summary>A region was removed without a majority.</summary>
    ConfigurationForced,

    /// <summary>Somebody who was removed was told so.</summary>
    RemovedRefused,

    /// <summary>A token stands for what was lost with a removed region.</summary>
    TokenBeyondSeal,

    /// <summary>The events of a removed region were sealed in a lane.</summary>
    RegionSealed,

    /// <summary>A member's report counted for finality later than it came: something of a former journal of a region
    /// that was added again was on its way.</summary>
    StandingReportCounted,

    /// <summary>A held event was taken without causes that were lost with a removed region.</summary>
    ReleasedOverGap,

    /// <summary>A region that joins has caught up with a lane.</summary>
    LaneJoined,

    /// <summary>A region wants to become the primary of a type.</summary>
    PrimaryWanted,

    /// <summary>A newer record of a type's primary was taken.</summary>
    PrimaryTaken,

    /// <summary>This region learned that it is the primary of a type no more.</summary>
    PrimaryDemoted,

    /// <summary>An epoch starts after its former primary had told that it had stopped.</summary>
    PrimaryHandedOver,

    /// <summary>An epoch starts without its former primary.</summary>
    PrimaryReplaced,

    /// <summary>A region whose journal was set back holds again all that it may have confirmed.</summary>
    PrimaryRecovered,

    /// <summary>A voter granted a lease.</summary>
    LeaseGranted,

    /// <summary>A voter did not grant a lease.</summary>
    LeaseRefused,

    /// <summary>An answer was given under a lease.</summary>
    LeaseUsed,

    /// <summary>The lease was over before the answer could be given.</summary>
    LeaseMissed,

    /// <summary>An event was found not to count because its primary had been replaced.</summary>
    Orphaned,

    /// <summary>A handler needed keys of subjects that were not in memory, or not made yet.</summary>
    SubjectKeysFetched,

    /// <summary>Keys of subjects were asked for.</summary>
    SubjectKeysAsked,

    /// <summary>A key of a subject was stored.</summary>
    SubjectKeyKept,

    /// <summary>Keys were deleted because their subject was forgotten.</summary>
    SubjectForgotten,

    /// <summary>A key arrived after its subject was forgotten.</summary>
    LateKeyRefused,

    /// <summary>A subject was forgotten before the causes of the event that says so had come.</summary>
    ForgottenAhead,

    /// <summary>Another filter of a type was taken from a peer.</summary>
    FilterTaken,

    /// <summary>Events were left out of what a peer is sent.</summary>
    EventLeftOut,

    /// <summary>An event came that is not for this region, and was dropped.</summary>
    FilteredEventDropped,

    /// <summary>A frame claimed positions of which this region should have had something that was left out.</summary>
    PlaceholderNoted,

    /// <summary>A type was closed to this region in a lane.</summary>
    FilterClosed,

    /// <summary>A type was opened to this region in a lane.</summary>
    FilterOpened,

    /// <summary>All that was missing of a type and an origin in a lane has come.</summary>
    FillTaken,

    /// <summary>Nobody has all that was missing: what there was has come.</summary>
    FillGivenUp,

    /// <summary>A request was sent on because its type is not for this region.</summary>
    FilteredForwarded,

    /// <summary>A write to a last-writer-wins value was overwritten unseen, and noted.</summary>
    Overwritten,

    /// <summary>A life has left the reports of a lane.</summary>
    LifePast,

    /// <summary>A life that had left the reports came back into them.</summary>
    PastReopened,

    /// <summary>A report was not taken because it leaves out lives that are not known to be past here.</summary>
    PastUnknown,

    /// <summary>A link was ended because there are more lives than it can tell.</summary>
    LivesNotTold,

    /// <summary>An event of one of the protocol's own types was sent before the backlog of its lane.</summary>
    ControlSentAhead,

    /// <summary>Registers that were to be copied found no room.</summary>
    CopyRefused,

    /// <summary>A link was ended because its peer asked for too much at once.</summary>
    AskedTooMuch,

    /// <summary>A command waits until regions have said that they hold the keys of what it has sealed.</summary>
    KeyHoldersAsked,

    /// <summary>The events of a command that was repeated were read again, for the keys that it waits for.</summary>
    MembersSearched,

    /// <summary>An event came that its entity's filter keeps from this region: a placeholder was stored.</summary>
    Withheld,

    /// <summary>A placeholder came of an event that is for this region: its sender does not have it.</summary>
    WithheldOwed,

    /// <summary>An event came of which there was a placeholder.</summary>
    PlaceholderFilled,

    /// <summary>Every member was asked, and nobody has what was withheld of an entity.</summary>
    FillMissing,

    /// <summary>A request was sent on because its entity is not for this region, or not whole.</summary>
    EntityForwarded,

    /// <summary>Nothing was claimed beyond an event that its receiver's version does not understand.</summary>
    EventNotUnderstood,

    /// <summary>A key of a subject was given up: every region that may have it has said that it does not.</summary>
    SubjectKeyLost,

    /// <summary>Nobody has an owed event: the placeholders that some have are taken.</summary>
    PlaceholdersTaken,

    /// <summary>What was withheld of an entity is lost: it is folded without that.</summary>
    PlaceholdersGivenUp,
}

/// <summary>How often each <see cref="Probe"/> was hit since the kernel began. Written by the kernel's loop; may be
/// read from any thread, and is then as of a moment ago.</summary>
public sealed class ProbeCounts
{
    private readonly long[] counts = new long[Enum.GetValues<Probe>().Length];

    /// <summary>How often.</summary>
    public long this[Probe probe] => Volatile.Read(ref counts[(int)probe]);

    internal void Hit(Probe probe, long times = 1)
        => Volatile.Write(ref counts[(int)probe], counts[(int)probe] + times);
}
