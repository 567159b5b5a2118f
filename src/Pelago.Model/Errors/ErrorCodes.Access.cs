namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>A call without a bearer token, or with one that is not known.</summary>
    public static readonly ErrorCode NotSignedIn = Define("PLG3101", "Not signed in", 4, 401);

    /// <summary>A one-time token is unknown, used up, or belongs to somebody else.</summary>
    public static readonly ErrorCode EnrolmentRefused = Define("PLG3102", "Enrolment refused", 4, 403);

    /// <summary>The federation plane, or the region, cannot be reached or is not who it should be.</summary>
    public static readonly ErrorCode ServerUnreachable = Define("PLG3103", "Server unreachable", 1, 503);

    /// <summary>A region waits for its one-time permission to join its group.</summary>
    public static readonly ErrorCode NotEnrolled = Define("PLG3109", "Not enrolled", 5, 503);

    /// <summary>What a role keeps in its home is damaged, or sealed under another key.</summary>
    public static readonly ErrorCode StateUnreadable = Define("PLG3104", "State unreadable", 1, 500);

    /// <summary>A listener was asked for a host that it does not serve.</summary>
    public static readonly ErrorCode WrongHost = Define("PLG3107", "Wrong host", 2, 421);

    /// <summary>A region group that this federation plane does not have.</summary>
    public static readonly ErrorCode GroupUnknown = Define("PLG3108", "Unknown region group", 3, 404);
}
