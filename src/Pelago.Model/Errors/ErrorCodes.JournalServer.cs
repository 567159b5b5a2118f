namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>The database server of a journal does not answer, or ended the connection.</summary>
    public static readonly ErrorCode JournalServerAway = Define("PLG4020", "Journal server away", 1, 503);

    /// <summary>The database server of a journal takes no writes: a standby, or set read-only.</summary>
    public static readonly ErrorCode JournalServerReadOnly = Define("PLG4021", "Journal server read-only", 1, 503);

    /// <summary>The database server of a journal is set so that it can lose what it has acknowledged.</summary>
    public static readonly ErrorCode JournalServerUnsafe = Define("PLG4022", "Journal server unsafe", 1, 503);

    /// <summary>The database server of a journal is older than Pelago supports.</summary>
    public static readonly ErrorCode JournalServerOld = Define("PLG4023", "Journal server too old", 1, 503);

    /// <summary>The store beneath an open journal is no longer the one that was opened: another server, an older state,
    /// or another process began a new life of it. The process has to open it again.</summary>
    public static readonly ErrorCode JournalReplaced = Define("PLG4024", "Journal replaced", 1, 503);

    /// <summary>Another transaction holds a lane of the journal.</summary>
    public static readonly ErrorCode JournalLaneHeld = Define("PLG4025", "Journal lane held", 1, 503);

    /// <summary>How a journal's database is named or reached is written wrongly.</summary>
    public static readonly ErrorCode JournalConnection = Define("PLG4026", "Journal connection settings wrong", 2, 503);
}
