namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>A certificate signing request is malformed, too large, or of a key that is not allowed.</summary>
    public static readonly ErrorCode BadSigningRequest = Define("PLG3001", "Bad certificate signing request", 2, 400);

    /// <summary>The issuing certificate has expired or is not valid yet; it issues nothing.</summary>
    public static readonly ErrorCode IssuerNotValid = Define("PLG3002", "Issuer is not valid now", 1, 503);

    /// <summary>A name is outside what the issuer may issue for.</summary>
    public static readonly ErrorCode NameNotPermitted = Define("PLG3003", "Name not permitted", 4, 403);

    /// <summary>Lifetimes contradict each other, e.g. an intermediate that lives shorter than six leaf lives.</summary>
    public static readonly ErrorCode BadLifetimes = Define("PLG3004", "Certificate lifetimes contradict each other", 2,
        422);

    /// <summary>A stored key cannot be opened, or does not belong to its certificate.</summary>
    public static readonly ErrorCode KeyUnusable = Define("PLG3005", "Signing key unusable", 1, 500);

    /// <summary>A trust bundle is malformed or holds no root.</summary>
    public static readonly ErrorCode BadTrustBundle = Define("PLG3006", "Bad trust bundle", 2, 400);

    /// <summary>A trust bundle is older than, or differs from, the one in use at the same epoch, or is another
    /// group's.</summary>
    public static readonly ErrorCode TrustBundleRefused = Define("PLG3007", "Trust bundle refused", 5, 409);

    /// <summary>A certificate chain is malformed, or does not belong to the key or authority it came for.</summary>
    public static readonly ErrorCode BadCertificateChain = Define("PLG3008", "Bad certificate chain", 2, 400);

    /// <summary>A peer's certificate was refused by the identity check.</summary>
    public static readonly ErrorCode PeerRefused = Define("PLG3009", "Peer's certificate refused", 4, 403);

    /// <summary>The issuer of leaf certificates could not be reached or refused.</summary>
    public static readonly ErrorCode IssuerUnavailable = Define("PLG3010", "Issuer unavailable", 1, 503);
}
