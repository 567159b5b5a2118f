namespace Pelago.Entities;

/// <summary>Body of <c>/v1/members</c>: the group's members as this replica has taken them.</summary>
/// <param name="Epoch">Of the configuration; 0 in a replica that nobody has told yet who its group is.</param>
/// <param name="Forced">A person said that it holds, and no majority was asked.</param>
/// <param name="Removed">The region was removed: its journal is not written to any more.</param>
/// <param name="UnsealedLanes">Lanes in which events of removed regions are not sealed here yet.</param>
/// <param name="Regions">Members, and regions that were removed.</param>
public sealed record MembersStatus(
    ulong Epoch, bool Forced, bool Removed, int UnsealedLanes, IReadOnlyList<MemberStatus> Regions)
{
    /// <summary>Why a change that was asked for was not made, or is not known to be made; null otherwise.</summary>
    public TroubleStatus? Failure { get; init; }
}

/// <summary>One region.</summary>
/// <param name="Region">Its name.</param>
/// <param name="State"><c>Member</c>, <c>Joining</c> or <c>Removed</c>.</param>
/// <param name="Votes">It has a vote on registers.</param>
/// <param name="Held">Events that it holds of those that count for its joining.</param>
/// <param name="Wanted">How many count.</param>
public sealed record MemberStatus(string Region, string State, bool Votes, ulong Held, ulong Wanted);

/// <summary>Body of a call that changes the members.</summary>
internal sealed record MembersChangeBody(string Change, string Region, bool Force);
