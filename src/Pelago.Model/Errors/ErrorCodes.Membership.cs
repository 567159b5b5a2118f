namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>The region was removed from its group: it takes no writes, and returns only with an empty
    /// journal.</summary>
    public static readonly ErrorCode RegionRemoved = Define("PLG5201", "Region removed", 5, 503);

    /// <summary>The region joins its group and does not have what the others had when it was added.</summary>
    public static readonly ErrorCode RegionJoining = Define("PLG5202", "Region joining", 5, 503);

    /// <summary>A region that is to be removed, or asked about, is no member of the group.</summary>
    public static readonly ErrorCode NotAMember = Define("PLG5203", "Not a member", 3, 404);

    /// <summary>A change of the members that the group cannot make now, or ever.</summary>
    public static readonly ErrorCode MembershipRefused = Define("PLG5204", "Membership refused", 5, 409);

    /// <summary>Somebody else changed the members meanwhile.</summary>
    public static readonly ErrorCode MembershipChanged = Define("PLG5205", "Membership changed", 5, 409);

    /// <summary>A region that is to be added is a member of the group already, in every service.</summary>
    public static readonly ErrorCode AlreadyAMember = Define("PLG5206", "Already a member", 5, 409);

    /// <summary>A change of the members was decided, and has not come to its end in every service in time. It goes on
    /// by itself; asking again waits for it.</summary>
    public static readonly ErrorCode MembershipUnfinished = Define("PLG5207", "Membership change not finished", 6, 504);
}
