using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What is to become of a region.</summary>
public enum MembershipChange
{
    /// <summary>It becomes a member that joins: it catches up, and then votes by itself.</summary>
    Add,

    /// <summary>It is a member no more.</summary>
    Remove,

    /// <summary>It has caught up, and votes. Asked by itself.</summary>
    Vote,
}

/// <summary>A change of the group's members; completed exactly once, when this region has taken the configuration that
/// says so.</summary>
public sealed class MembershipRequest
{
    /// <summary>What is to become of it.</summary>
    public required MembershipChange Change { get; init; }

    /// <summary>The region.</summary>
    public required string Region { get; init; }

    /// <summary>Where a majority does not answer, go on without one: only to remove a region. If those who do not
    /// answer are alive, they may do the same, and there are two groups.</summary>
    public bool Force { get; init; }

    /// <summary>Monotonic milliseconds after which it fails.</summary>
    public required long DeadlineMilliseconds { get; init; }

    /// <summary>The shell's own: whoever waits for the answer.</summary>
    public object? Waiter { get; init; }
}

/// <summary>Answer to a request.</summary>
/// <param name="Configuration">The newest one that this region has taken.</param>
/// <param name="Failure">Why the change was not made, or is not known to be made; null when it is.</param>
public sealed record MembershipResult(Configuration Configuration, Failure? Failure);

/// <summary>A change of the members is done.</summary>
public sealed record MembershipDone(MembershipRequest Request, MembershipResult Result) : KernelEffect;

/// <summary>The group as a region knows it, for people.</summary>
/// <param name="WasRemoved">This region was removed: its journal is not written to any more.</param>
/// <param name="Regions">Members, and regions that were removed.</param>
public sealed record MembershipDescription(
    ulong Epoch, bool IsForced, bool WasRemoved, IReadOnlyList<RegionDescription> Regions)
{
    /// <summary>Lanes in which events of removed regions are not sealed here yet.</summary>
    public int UnsealedLanes { get; init; }
}

/// <summary>A region of the group.</summary>
/// <param name="State"><c>Member</c>, <c>Joining</c> or <c>Removed</c>.</param>
/// <param name="Held">Events that it holds of those that count for its joining.</param>
/// <param name="Wanted">How many count: those that were there when it was added, as far as this region knows.</param>
public sealed record RegionDescription(string Region, string State, bool IsVoter, ulong Held, ulong Wanted);
