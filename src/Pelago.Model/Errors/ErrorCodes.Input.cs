namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>A name is not a DNS label as Pelago wants it.</summary>
    public static readonly ErrorCode InvalidName = Define("PLG2001", "Invalid name", 2, 400);

    /// <summary>An entity id is empty, too long, or holds a character that is not allowed.</summary>
    public static readonly ErrorCode InvalidEntityId = Define("PLG2002", "Invalid entity id", 2, 400);

    /// <summary>A body is not JSON, or not JSON of the expected shape.</summary>
    public static readonly ErrorCode MalformedBody = Define("PLG2003", "Malformed body", 2, 400);

    /// <summary>A body is larger than the limit.</summary>
    public static readonly ErrorCode BodyTooLarge = Define("PLG2004", "Body too large", 2, 413);

    /// <summary>A field breaks its rule.</summary>
    public static readonly ErrorCode InvalidField = Define("PLG2005", "Invalid field", 2, 422);

    /// <summary>A causality token is malformed, forged, or of another project.</summary>
    public static readonly ErrorCode InvalidToken = Define("PLG2006", "Invalid causality token", 2, 400);

    /// <summary>An idempotency key is empty, too long, or holds a character that is not allowed.</summary>
    public static readonly ErrorCode InvalidIdempotencyKey = Define("PLG2007", "Invalid idempotency key", 2, 400);

    /// <summary>A body of a media type that the address does not take.</summary>
    public static readonly ErrorCode UnsupportedMediaType = Define("PLG2008", "Unsupported media type", 2, 415);

    /// <summary>A service's options break a rule.</summary>
    public static readonly ErrorCode InvalidOptions = Define("PLG2009", "Invalid options", 2, 500);
}
