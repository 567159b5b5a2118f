namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>A document holds a field that its kind does not have.</summary>
    public static readonly ErrorCode UnknownField = Define("PLG7001", "Unknown field", 2, 422);

    /// <summary>A document breaks several rules, or one that belongs to no single field.</summary>
    public static readonly ErrorCode InvalidResource = Define("PLG7002", "Invalid resource", 2, 422);

    /// <summary>No resource of that kind, project and name.</summary>
    public static readonly ErrorCode ResourceNotFound = Define("PLG7003", "Resource not found", 3, 404);

    /// <summary>A resource of that name exists already.</summary>
    public static readonly ErrorCode ResourceExists = Define("PLG7004", "Resource exists", 5, 409);

    /// <summary>The resource changed since it was read.</summary>
    public static readonly ErrorCode ResourceChanged = Define("PLG7005", "Resource changed", 5, 409);

    /// <summary>An address that the API does not have.</summary>
    public static readonly ErrorCode NoSuchAddress = Define("PLG7006", "No such address", 3, 404);

    /// <summary>A method that the address does not take.</summary>
    public static readonly ErrorCode MethodNotAllowed = Define("PLG7007", "Method not allowed", 2, 405);

    /// <summary>An artifact's content does not have the digest that it was sent under.</summary>
    public static readonly ErrorCode DigestMismatch = Define("PLG7101", "Digest mismatch", 2, 422);

    /// <summary>The region does not have the artifact.</summary>
    public static readonly ErrorCode ArtifactNotFound = Define("PLG7102", "Artifact not found", 3, 404);

    /// <summary>No region that can be reached has the artifact.</summary>
    public static readonly ErrorCode ArtifactUnavailable = Define("PLG7103", "Artifact unavailable", 1, 503);

    /// <summary>The region did not start such an instance.</summary>
    public static readonly ErrorCode InstanceUnknown = Define("PLG7201", "Unknown instance", 3, 404);

    /// <summary>Every port that the region may give to instances is taken.</summary>
    public static readonly ErrorCode NoInstancePort = Define("PLG7202", "No port for an instance", 5, 409);

    /// <summary>The region is still starting, or cannot do this now; the same request may succeed later.</summary>
    public static readonly ErrorCode RegionNotReady = Define("PLG7203", "Region not ready", 6, 503);

    /// <summary>An instance did not answer the region in time and was ended.</summary>
    public static readonly ErrorCode InstanceSilent = Define("PLG7204", "Instance does not answer", 1, 503);
}
