using Microsoft.Extensions.Logging;

namespace Pelago.Cli;

/// <summary>The room's log messages.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{Role} lives already (pid {Pid}).")]
    public static partial void Adopted(ILogger logger, string role, int pid);

    [LoggerMessage(2, LogLevel.Information, "{Role} was started (pid {Pid}, restart {Restarts}).")]
    public static partial void Started(ILogger logger, string role, int pid, int restarts);

    [LoggerMessage(3, LogLevel.Information, "{Role} was stopped and stays down.")]
    public static partial void Stopped(ILogger logger, string role);

    [LoggerMessage(5, LogLevel.Warning, "{Role} (pid {Pid}) has ended: {How}.")]
    public static partial void Ended(ILogger logger, string role, int pid, string how);

    [LoggerMessage(6, LogLevel.Warning, "Logs were not rotated: {Why}")]
    public static partial void LogsNotRotated(ILogger logger, string why);

    [LoggerMessage(7, LogLevel.Warning, "The trust bundle was not published: {Why}")]
    public static partial void TrustNotPublished(ILogger logger, string why);

    [LoggerMessage(8, LogLevel.Error, "The state was not saved; roles are kept running, and it is tried again: {Why}")]
    public static partial void StateNotSaved(ILogger logger, string why);

    [LoggerMessage(9, LogLevel.Information, "The state is saved again.")]
    public static partial void StateSaved(ILogger logger);

    [LoggerMessage(4, LogLevel.Error, "{Role} could not be started: {Why}")]
    public static partial void NotStarted(ILogger logger, string role, string why);

    [LoggerMessage(10, LogLevel.Error, "'{Root}' was deleted while its world ran: all its processes are ended.")]
    public static partial void WorldDeleted(ILogger logger, string root);
}
