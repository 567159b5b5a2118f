namespace Pelago.Model;

public static partial class ErrorCodes
{
    /// <summary>The world's journals lie in another store than was asked for.</summary>
    public static readonly ErrorCode JournalChosen = Define("PLG1117", "World has another journal", 5, 409);

    /// <summary>PostgreSQL's programs are not on this machine, or not those that the data was written with.</summary>
    public static readonly ErrorCode ServerProgramsMissing = Define("PLG1118", "PostgreSQL not installed", 5, 503);

    /// <summary>PostgreSQL does not run as root, and there is no other user that it could run as.</summary>
    public static readonly ErrorCode ServerUserMissing = Define("PLG1119", "No user for PostgreSQL", 5, 503);

    /// <summary>The user that PostgreSQL runs as may not enter the directory where the world is.</summary>
    public static readonly ErrorCode ServerShutOut = Define("PLG1120", "PostgreSQL may not enter", 5, 403);

    /// <summary>A PostgreSQL server of the world could not be made or started.</summary>
    public static readonly ErrorCode ServerNotMade = Define("PLG1121", "PostgreSQL server not made", 1, 503);
}
