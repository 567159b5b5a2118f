namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>No route has this host, or none of the host's routes has this path.</summary>
    public static readonly ErrorCode NoRoute = Define("PLG6001", "No route", 3, 404);

    /// <summary>The route exists, and none of its instances is ready.</summary>
    public static readonly ErrorCode NoReadyInstance = Define("PLG6002", "No ready instance", 1, 503);

    /// <summary>A service of one project called a service of another.</summary>
    public static readonly ErrorCode OtherProject = Define("PLG6003", "Service of another project", 4, 403);

    /// <summary>The request's host is not the name that the connection was opened for.</summary>
    public static readonly ErrorCode Misdirected = Define("PLG6004", "Misdirected request", 2, 421);

    /// <summary>The instance could not be reached, or broke off before it answered.</summary>
    public static readonly ErrorCode UpstreamFailed = Define("PLG6005", "Upstream failed", 1, 502);

    /// <summary>The instance did not answer in time.</summary>
    public static readonly ErrorCode UpstreamTimedOut = Define("PLG6006", "Upstream timed out", 6, 504);

    /// <summary>The path holds something that two readers could read differently.</summary>
    public static readonly ErrorCode AmbiguousPath = Define("PLG6007", "Ambiguous path", 2, 400);

    /// <summary>The request's body is larger than the ingress lets through.</summary>
    public static readonly ErrorCode RequestTooLarge = Define("PLG6008", "Request too large", 2, 413);

    /// <summary>The caller's certificate was not verified.</summary>
    public static readonly ErrorCode PeerNotVerified = Define("PLG6009", "Peer not verified", 4, 403);

    /// <summary>Replication streams need HTTP/2 from end to end.</summary>
    public static readonly ErrorCode StreamNeedsHttp2 = Define("PLG6010", "Stream needs HTTP/2", 2, 505);

    /// <summary>A route table contradicts itself.</summary>
    public static readonly ErrorCode BadRoute = Define("PLG6011", "Bad route", 2, 422);

    /// <summary>The request's path and query are longer than the ingress lets through.</summary>
    public static readonly ErrorCode TargetTooLong = Define("PLG6012", "Request target too long", 2, 414);

    /// <summary>The request's headers are larger, or more, than the ingress lets through.</summary>
    public static readonly ErrorCode HeadersTooLarge = Define("PLG6013", "Request headers too large", 2, 431);
}
