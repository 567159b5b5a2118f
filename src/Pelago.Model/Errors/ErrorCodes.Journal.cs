namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>Another process has the journal open.</summary>
    public static readonly ErrorCode JournalInUse = Define("PLG4001", "Journal in use", 5, 503);

    /// <summary>The journal was written in a format that this version does not know.</summary>
    public static readonly ErrorCode JournalFormat = Define("PLG4002", "Journal of another format", 1, 503);

    /// <summary>The journal's directory or a file in it cannot be read or written.</summary>
    public static readonly ErrorCode JournalNotPermitted = Define("PLG4003", "Journal not accessible", 4, 503);

    /// <summary>The key-encryption key that wrapped the journal's data keys is not there.</summary>
    public static readonly ErrorCode JournalKeyLost = Define("PLG4004", "Journal key lost", 1, 503);

    /// <summary>A key-encryption key of the right name does not open the journal's data keys.</summary>
    public static readonly ErrorCode JournalKeyWrong = Define("PLG4005", "Journal key wrong", 1, 503);

    /// <summary>Something in the journal is damaged or was altered: it does not open under its key, or is
    /// missing.</summary>
    public static readonly ErrorCode JournalDamaged = Define("PLG4006", "Journal damaged", 1, 500);

    /// <summary>The store beneath the journal failed: disk full, input or output error.</summary>
    public static readonly ErrorCode JournalStoreFailed = Define("PLG4007", "Journal store failed", 1, 503);

    /// <summary>A key file can be read by others than its owner, or is malformed.</summary>
    public static readonly ErrorCode JournalKeyFile = Define("PLG4008", "Key file refused", 1, 503);
}
