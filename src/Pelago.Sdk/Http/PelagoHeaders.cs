namespace Pelago.Sdk;

/// <summary>Names of the headers that the platform adds to HTTP.</summary>
public static class PelagoHeaders
{
    /// <summary>Causality token: the last one received goes back with the next request, to whichever region.</summary>
    public const string Causality = "Pelago-Causality";

    /// <summary>In how many regions what the request writes must be durable before it is answered: <c>local</c>,
    /// <c>majority</c> or a number. It raises the level of the service, and does not lower it. When that is not
    /// confirmed in time, the answer is PLG5020: the write stands, and the same request with the same idempotency key
    /// asks again.</summary>
    public const string Acknowledge = "Pelago-Acknowledge";

    /// <summary>Verified name of a caller that came through the inter-region ingress; never what a stranger
    /// sent.</summary>
    public const string Client = "Pelago-Client";

    /// <summary>Region that answered.</summary>
    public const string Region = "Pelago-Region";

    /// <summary>Two requests with the same key do the same thing once. A key that comes again with another method,
    /// path, query or body is refused (PLG5015) in the region that answered the first and remembers its reply; any
    /// other region knows of the key alone, and answers from the entity's state. The body of a request with a key is
    /// read to its end before the service's handler runs.</summary>
    public const string IdempotencyKey = "Idempotency-Key";

    internal const string IngressSecret = "Pelago-Ingress-Secret";
}
