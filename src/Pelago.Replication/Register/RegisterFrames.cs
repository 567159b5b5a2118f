using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What a proposer asks of a voter.</summary>
public enum RegisterStep
{
    /// <summary>What do you hold?</summary>
    Read = 1,

    /// <summary>Promise to take nothing lower.</summary>
    Prepare = 2,

    /// <summary>Take this value.</summary>
    Accept = 3,
}

/// <summary>What a voter says.</summary>
public enum RegisterVerdict
{
    /// <summary>Done, durably.</summary>
    Yes = 1,

    /// <summary>A higher ballot was promised to somebody else, or the configuration is newer than the
    /// ballot's.</summary>
    Outbid = 2,

    /// <summary>This region has no vote, or none yet in its present life.</summary>
    Absent = 3,

    /// <summary>No room for one more register.</summary>
    Full = 4,
}

/// <summary>Asks a voter about one register.</summary>
/// <param name="Request">Named by the answer; one per step of a proposal, so a repeated frame is answered
/// again.</param>
public sealed record RegisterAskFrame(
    ulong Request, EntityKey Register, RegisterStep Step, Ballot Ballot, RegisterValue? Value) : Frame;

/// <summary>Answer to <see cref="RegisterAskFrame"/>, sent when all that it says is durable.</summary>
/// <param name="State">Of the register.</param>
/// <param name="Life">The voter's life; null when it has none.</param>
/// <param name="Lives">The newest lives of other voters that it knows of.</param>
public sealed record RegisterAnswerFrame(
    ulong Request, RegisterVerdict Verdict, RegisterState State, ulong ConfigurationEpoch, Incarnation? Life,
    IReadOnlyList<VoterLife> Lives) : Frame;

/// <summary>A voter begins a life in a lane: whoever answers has taken durable note of it and lets the voter copy what
/// he holds, page by page.</summary>
/// <param name="Stands">It is about to vote.</param>
/// <param name="After">The last register of the page before; null for the first page.</param>
public sealed record EnrolFrame(ulong Request, int Lane, Incarnation Life, bool Stands, EntityKey? After) : Frame
{
    /// <summary>The newest life that its journal knew of before this one; null when it knew none.</summary>
    public Incarnation? Before { get; init; }

    /// <summary>Its journal claims to hold all that it ever voted in this lane.</summary>
    public bool Remembers { get; init; }

    /// <summary>Of the configuration in which it is to vote.</summary>
    public ulong ConfigurationEpoch { get; init; } = 1;
}

/// <summary>Answer to <see cref="EnrolFrame"/>.</summary>
/// <param name="Remembers">All that the sender ever voted in this lane is in its journal.</param>
/// <param name="NeverStood">The lives in which it did not vote, as a journal knows that has not lost any: from the
/// first one that it knows of through the newest; null when it did, or cannot know.</param>
/// <param name="More">Another page follows: ask on from the last register.</param>
public sealed record EnrolledFrame(
    ulong Request, int Lane, bool Remembers, LifeRange? NeverStood, IReadOnlyList<VoterLife> Lives,
    IReadOnlyList<RegisterRecord> Registers, bool More) : Frame
{
    /// <summary>The sender holds all that was decided in the configurations before.</summary>
    public bool KnowsBefore { get; init; }

    /// <summary>Of the sender's configuration: it takes no votes of an older one any more.</summary>
    public ulong ConfigurationEpoch { get; init; } = 1;
}

/// <summary>Lives from one through another.</summary>
public readonly record struct LifeRange(Incarnation First, Incarnation Last)
{
    /// <summary>True when the life is among them.</summary>
    public bool Has(Incarnation life) => life.CompareTo(First) >= 0 && life.CompareTo(Last) <= 0;
}
