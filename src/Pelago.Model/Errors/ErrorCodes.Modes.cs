namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>The entity's primary region cannot be reached; nothing was changed.</summary>
    public static readonly ErrorCode PrimaryUnreachable = Define("PLG5030", "Primary out of reach", 6, 503);

    /// <summary>A command was sent to the primary region, and no answer came: it may have been carried out.</summary>
    public static readonly ErrorCode PrimaryUnanswered = Define("PLG5031", "Primary did not answer", 6, 504);

    /// <summary>The entity has no primary region that could carry out the command or the read.</summary>
    public static readonly ErrorCode NoPrimary = Define("PLG5032", "No primary", 5, 409);

    /// <summary>Another region is the entity's primary, and this one does not pass commands on.</summary>
    public static readonly ErrorCode NotPrimary = Define("PLG5033", "Not the primary", 5, 409);

    /// <summary>The primary of the type has changed while the command was under way: whether it counts is not known to
    /// the region that took it.</summary>
    public static readonly ErrorCode PrimaryMoved = Define("PLG5034", "Primary has moved", 6, 503);

    /// <summary>The primary cannot be sure any more that it is still the primary.</summary>
    public static readonly ErrorCode LeaseLost = Define("PLG5035", "No majority answers the primary", 6, 503);

    /// <summary>The type's filter leaves this region out, or it has not taken yet what it had been left out of, and
    /// nobody could be asked instead; nothing was changed.</summary>
    public static readonly ErrorCode Filtered = Define("PLG5036", "Not for this region", 5, 421);

    /// <summary>A filter that cannot be applied.</summary>
    public static readonly ErrorCode InvalidFilter = Define("PLG5037", "Invalid filter", 1, 500);
}
