using System.Collections.Immutable;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>What the kernel has alarmed about since this process began, for whoever asks later: a log line scrolls
/// away, and nobody reads the log of a service that seems well.</summary>
/// <remarks>Bounded: one entry a kind of alarm, with its <see cref="MaxTexts"/> newest different texts. One thread
/// writes, anybody reads.</remarks>
internal sealed class AlarmMemory(TimeProvider clock)
{
    /// <summary>Different texts that are kept of a kind.</summary>
    public const int MaxTexts = 5;

    private const int MaxCharacters = 1_000;

    private ImmutableSortedDictionary<AlarmKind, AlarmStatus> kept
        = ImmutableSortedDictionary<AlarmKind, AlarmStatus>.Empty;

    /// <summary>One entry a kind, ordered by kind.</summary>
    public IReadOnlyList<AlarmStatus> Known => [.. Volatile.Read(ref kept).Values];

    /// <summary>Keeps an alarm. One whose text is known is counted, and its text becomes the newest.</summary>
    public void Keep(AlarmKind kind, string text)
    {
        // Not in the middle of a surrogate pair: half of one is no text.
        var most = MaxCharacters - (text.Length > MaxCharacters && char.IsLowSurrogate(text[MaxCharacters]) ? 1 : 0);
        var said = text.Length <= MaxCharacters ? text : string.Concat(text.AsSpan(0, most), "…");
        var before = kept.GetValueOrDefault(kind);
        Volatile.Write(ref kept, kept.SetItem(kind, new AlarmStatus(
            kind.ToString(), (before?.Count ?? 0) + 1, clock.GetUtcNow(),
            [said, .. (before?.Texts ?? []).Where(t => t != said).Take(MaxTexts - 1)], NextStep(kind))));
    }

    // Empty where nothing has to be done: a new incarnation is how a journal goes on after a crash, and parked entities
    // are shown for as long as they are parked.
    private static string NextStep(AlarmKind kind) => kind switch
    {
        AlarmKind.NewIncarnation or AlarmKind.Parked => "",
        AlarmKind.EventsLost => "Look for them in the journals that were set aside or saved of the region that is "
            + "named: no running region has them.",
        AlarmKind.OwnEventBeyondSeen => "The journal was restored or copied, and what was written since may be there "
            + "twice under one name: run 'pelago verify'.",
        AlarmKind.Superseded => "The journal was restored or copied and both write: end the copy, then run "
            + "'pelago verify'.",
        AlarmKind.Fork => "The journal was copied and both copies wrote: run 'pelago verify', which names it.",
        AlarmKind.RowsDamaged => "Peers wait for these rows: set the journal aside, and what others have comes back.",
        AlarmKind.ClockOff => "Set the clock of this machine right; until then its timestamps are corrected.",
        AlarmKind.JournalFailed => "See that the disk takes writes; what was asked for meanwhile was refused.",
        AlarmKind.LaneFenced => "Two processes had one journal open: the later one goes on.",
        AlarmKind.Protocol => "See that all regions run versions that go together.",
        AlarmKind.SnapshotFailed => "Mend how the entity's state is serialized; until then it takes longer to load.",
        AlarmKind.EventsMended => "It has them now. They had been lost without a word: find out whether the "
            + "journal was set back, and report it if it was not.",
        AlarmKind.StateMended => "It is right now. Report it: a snapshot had been wrong.",
        AlarmKind.StatesDiffer => "Run the same program in all regions; 'pelago verify' tells whether they still "
            + "differ.",
        AlarmKind.EffectsStopped => "Read the service's log. What an effect calls has to answer; rows and marks that "
            + "cannot be opened come back when the journal is set aside.",
        AlarmKind.RegionRemoved => "Other regions go on. To bring this one back, add it again, with an empty journal; "
            + "keep the old one for what it alone has.",
        AlarmKind.GroupsDiffer => "Choose the side that goes on, and make the regions of the other one anew.",
        AlarmKind.FiltersDiffer => "State the rule that is meant, in every region, in the next epoch.",
        AlarmKind.LivesPileUp => "Bring back the regions that are named, or remove them; then find out why journals "
            + "begin new lives so often: each unclean stop may begin one.",
        AlarmKind.RegistersFull => "Raise RegisterBytesPerLane in all regions, and find out what decides so "
            + "many things.",
        AlarmKind.PrimaryRecordFull => "Bring back the region that is the primary before it is lost: a move that it "
            + "takes part in needs no room.",
        AlarmKind.RemovedPileUp => "Bring back the members that are away: what removed regions left is sealed once all "
            + "have told what they hold of it.",
        AlarmKind.SubjectKeysLost => "Bring back a journal that had them, of a region that was lost or set back; they "
            + "spread from there. Have at least two regions in SubjectKeyRegions.",
        AlarmKind.PeerTooOld => "Upgrade the region that is named; it has everything else meanwhile, and then gets "
            + "the rest.",
        AlarmKind.VotesLost => "See that what registers decided still holds: owners of types, names, and who the "
            + "regions are.",
        _ => "The service's log says more.",
    };
}
