using Microsoft.Extensions.Logging;

namespace Pelago.Journal;

/// <summary>What the journal logs. Never an id, a key or a payload.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information,
        "Journal {JournalId} opened with SQLite {Sqlite}: continuity {Continuity}. {Reason}")]
    public static partial void Opened(ILogger logger, Guid journalId, string sqlite, string continuity, string reason);

    [LoggerMessage(2, LogLevel.Error,
        "The store beneath the journal failed with code {Code}: {Message}. Nothing was changed.")]
    public static partial void StoreFailed(ILogger logger, int code, string message);

    [LoggerMessage(3, LogLevel.Error,
        "Damaged frontiers or owed gaps of lane {Lane} are forgotten: peers will send its events again.")]
    public static partial void LaneProgressDamaged(ILogger logger, int lane);

    [LoggerMessage(4, LogLevel.Error, "Damage: {What}")]
    public static partial void DamageFound(ILogger logger, string what);

    [LoggerMessage(5, LogLevel.Error,
        "Copying the write-ahead log into the database failed with code {Code}: {Message}. It is tried again.")]
    public static partial void CheckpointFailed(ILogger logger, int code, string message);

    [LoggerMessage(6, LogLevel.Warning,
        "The write-ahead log has {Pages} pages and cannot begin anew: a reader keeps an old state.")]
    public static partial void LogGrows(ILogger logger, int pages);

    [LoggerMessage(7, LogLevel.Information,
        "Journal {JournalId} opened in schema {Schema} of PostgreSQL {Version}: continuity {Continuity}. {Reason}")]
    public static partial void OpenedOnServer(
        ILogger logger, Guid journalId, string schema, string version, string continuity, string reason);

    [LoggerMessage(8, LogLevel.Warning,
        "The session with the journal's server broke during a commit; its outcome is being found out. {Reason}")]
    public static partial void ServerLost(ILogger logger, string reason);

    [LoggerMessage(9, LogLevel.Information,
        "The commit during which the session broke is certain: committed {WasCommitted}.")]
    public static partial void DoubtResolved(ILogger logger, bool wasCommitted);

    [LoggerMessage(10, LogLevel.Error, "The journal's server took no write: {Code}. {Message}")]
    public static partial void AppendRefused(ILogger logger, string code, string message);

    [LoggerMessage(11, LogLevel.Information, "New rows are sealed under data key {Number}, wrapped under key {Kek}.")]
    public static partial void DataKeyRenewed(ILogger logger, long number, string kek);

    [LoggerMessage(12, LogLevel.Information, "{Count} keys of the journal are now wrapped under key {Kek}.")]
    public static partial void KeysRewrapped(ILogger logger, int count, string kek);

    [LoggerMessage(13, LogLevel.Error,
        "The journal's data key is due to be renewed and could not be; the old one serves on. {Reason}")]
    public static partial void RenewalFailed(ILogger logger, string reason);

    [LoggerMessage(14, LogLevel.Error,
        "Damaged notes of lane {Lane} are left out: this region has no vote in it until it has copied what the others "
        + "remember.")]
    public static partial void LaneNotesDamaged(ILogger logger, int lane);

    [LoggerMessage(15, LogLevel.Warning,
        "The guard file could not take note of how far the journal has come; it is tried again. {Reason}")]
    public static partial void GuardNotRefreshed(ILogger logger, string reason);

    [LoggerMessage(16, LogLevel.Warning,
        "Old entries of the conflict ledger could not be removed; it is tried again in an hour. {Reason}")]
    public static partial void LedgerNotKept(ILogger logger, string reason);
}
