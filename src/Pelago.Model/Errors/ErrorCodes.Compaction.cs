namespace Pelago.Model;

// Removal of rows.
public static partial class ErrorCodes
{
    /// <summary>The entity's type does not let rows of final events go.</summary>
    public static readonly ErrorCode NotCompactable = Define("PLG5040", "Not compactable", 5, 409);

    /// <summary>Events that are not final, or not read by all that read them, stay.</summary>
    public static readonly ErrorCode CompactionTooEarly = Define("PLG5041", "Not yet final", 5, 409);

    /// <summary>This region may have lost what others have removed, and has not spoken with any of them.</summary>
    public static readonly ErrorCode NotCaughtUp = Define("PLG5042", "Not yet caught up", 1, 503);

    /// <summary>A compaction of another type, or of all, is under way in this journal.</summary>
    public static readonly ErrorCode CompactionUnderWay = Define("PLG5043", "Compaction under way", 5, 409);
}
