using System.Net.Sockets;
using Npgsql;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Says what an exception of the database means. Never quotes details, which can hold values of rows, nor how
/// the connection was made.</summary>
internal static class ServerTrouble
{
    /// <summary>True for exceptions that come from the database or the way to it.</summary>
    public static bool Is(Exception e)
        => e is NpgsqlException or IOException or SocketException or TimeoutException;

    /// <summary>True when the server said that the statement was rolled back: nothing is in doubt. Errors that end the
    /// session say nothing about a commit that was under way.</summary>
    public static bool IsAnswer(Exception e) => e is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>True when what lies on the server's disk is malformed.</summary>
    public static bool IsDamage(Exception e) => e is PostgresException { SqlState: "XX001" or "XX002" };

    /// <summary>True when a lock was not given in time.</summary>
    public static bool IsLock(Exception e) => e is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable };

    /// <summary>The failure that an exception stands for.</summary>
    public static Failure Of(Exception e) => e switch
    {
        PelagoException known => known.Failure,
        PostgresException p when IsDamage(p) => Damage.OfServer(p.MessageText),
        PostgresException { SqlState: ['2', '8', ..] or "42501" or "3D000" } p => NotPermitted(p),
        PostgresException { SqlState: "25006" } => new Failure(ErrorCodes.JournalServerReadOnly,
            "The journal's server takes no writes any more: it is read-only.",
            "Make it writable again; the journal goes on by itself."),
        PostgresException { SqlState: ['5', '7', 'P', ..] } p => Away(p.MessageText),
        PostgresException p => new Failure(ErrorCodes.JournalStoreFailed,
            Sentence.End($"The journal's server refused: {p.MessageText} ({p.SqlState})"),
            "Free space on its disk or repair it; the journal goes on by itself."),
        _ => Away(Root(e)),
    };

    private static Failure NotPermitted(PostgresException p) => new(ErrorCodes.JournalNotPermitted,
        Sentence.End($"The journal's server does not let this program in: {p.MessageText}"),
        "Correct user, password and database, and let the user create the journal's schema.");

    private static Failure Away(string why) => new(ErrorCodes.JournalServerAway,
        Sentence.End($"The journal's server does not answer: {why}"),
        "Start it, or mend the way to it; the journal goes on by itself.");

    private static string Root(Exception e)
    {
        while (e.InnerException is { } inner)
            e = inner;
        return e is SocketException socket ? socket.SocketErrorCode.ToString() : e.Message;
    }
}
