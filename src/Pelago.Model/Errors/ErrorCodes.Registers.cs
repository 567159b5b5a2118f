namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>A decision needs a majority of the regions, and no majority answered in time; nothing was
    /// changed.</summary>
    public static readonly ErrorCode NoQuorum = Define("PLG5101", "No quorum", 6, 503);

    /// <summary>A change was sent to other regions, and too few have confirmed it: it may or may not have been
    /// made.</summary>
    public static readonly ErrorCode OutcomeUnknown = Define("PLG5102", "Outcome unknown", 6, 503);

    /// <summary>A value is larger than a register holds.</summary>
    public static readonly ErrorCode RegisterTooLarge = Define("PLG5103", "Register too large", 1, 413);

    /// <summary>A register that belongs to Pelago itself: it can be read, and is changed by the verbs that are about
    /// it.</summary>
    public static readonly ErrorCode RegisterReserved = Define("PLG5104", "Register reserved", 1, 403);

    /// <summary>The attempts to change a register were counted to the last number that there is.</summary>
    public static readonly ErrorCode RegisterExhausted = Define("PLG5105", "Register exhausted", 1, 503);

    /// <summary>The voters hold as many registers as they may, and take no new ones.</summary>
    public static readonly ErrorCode RegistersFull = Define("PLG5106", "Registers full", 1, 503);
}
