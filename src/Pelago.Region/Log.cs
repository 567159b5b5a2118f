using Microsoft.Extensions.Logging;

namespace Pelago.Region;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "region '{Region}' enrolled in group '{Group}'")]
    public static partial void Enrolled(ILogger log, string region, string group);

    [LoggerMessage(2, LogLevel.Warning, "not enrolled yet: {Why}")]
    public static partial void NotEnrolledYet(ILogger log, string why);

    [LoggerMessage(3, LogLevel.Information, "intermediate renewed, generation {Generation}")]
    public static partial void IntermediateRenewed(ILogger log, int generation);

    [LoggerMessage(4, LogLevel.Warning, "intermediate not renewed: {Why}")]
    public static partial void IntermediateNotRenewed(ILogger log, string why);

    [LoggerMessage(5, LogLevel.Information, "region '{Region}' serves; Execution API on port {Port}")]
    public static partial void Serving(ILogger log, string region, int port);

    [LoggerMessage(6, LogLevel.Information, "region stopped; its instances go on")]
    public static partial void Stopped(ILogger log);

    [LoggerMessage(10, LogLevel.Information, "instance {Id} of {Service} started, pid {Pid}")]
    public static partial void Started(ILogger log, string id, string service, int pid);

    [LoggerMessage(11, LogLevel.Warning, "{Service} not started: {Why}")]
    public static partial void NotStarted(ILogger log, string service, string why);

    [LoggerMessage(12, LogLevel.Information, "instance {Id} of {Service} is told to stop: {Why}")]
    public static partial void Stopping(ILogger log, string id, string service, string why);

    [LoggerMessage(13, LogLevel.Warning, "instance {Id} of {Service} does not answer and is killed")]
    public static partial void Killing(ILogger log, string id, string service);

    [LoggerMessage(14, LogLevel.Warning, "instance {Id} of {Service} ended ({How}); next start in {Seconds} s")]
    public static partial void Ended(ILogger log, string id, string service, string how, double seconds);

    [LoggerMessage(15, LogLevel.Information, "program {Digest} installed")]
    public static partial void Installed(ILogger log, string digest);

    [LoggerMessage(16, LogLevel.Warning, "program {Digest} not installed: {Why}")]
    public static partial void NotInstalled(ILogger log, string digest, string why);

    [LoggerMessage(17, LogLevel.Error, "work on {What} failed")]
    public static partial void WorkFailed(ILogger log, string what, Exception exception);

    [LoggerMessage(18, LogLevel.Information, "instance {Id} of {Service} enrolled")]
    public static partial void InstanceEnrolled(ILogger log, string id, string service);

    [LoggerMessage(19, LogLevel.Warning, "resource '{Id}' cannot be read: {Why}")]
    public static partial void ResourceUnreadable(ILogger log, string id, string why);

    [LoggerMessage(20, LogLevel.Warning, "routes not changed: {Why}")]
    public static partial void RoutesRefused(ILogger log, string why);

    [LoggerMessage(22, LogLevel.Warning, "report '{Id}' not made: {Why}")]
    public static partial void NotReported(ILogger log, string id, string why);

    [LoggerMessage(23, LogLevel.Information, "trust bundle of epoch {Epoch} is in use")]
    public static partial void TrustChanged(ILogger log, long epoch);

    [LoggerMessage(24, LogLevel.Warning, "trust bundle not taken: {Why}")]
    public static partial void TrustNotTaken(ILogger log, string why);

    [LoggerMessage(25, LogLevel.Warning, "process {Pid} runs as an instance that nobody knows of, and is ended")]
    public static partial void StrayEnded(ILogger log, int pid);

    [LoggerMessage(26, LogLevel.Warning, "logs not rotated: {Why}")]
    public static partial void LogsNotRotated(ILogger log, string why);

    [LoggerMessage(27, LogLevel.Error, "instance {Id} of {Service} says that it failed: {Why}")]
    public static partial void InstanceFailed(ILogger log, string id, string service, string why);

    [LoggerMessage(28, LogLevel.Error, "what runs was not written down; it goes on, and it is tried again: {Why}")]
    public static partial void WorkloadsNotSaved(ILogger log, string why);

    [LoggerMessage(29, LogLevel.Information, "what runs is written down again")]
    public static partial void WorkloadsSaved(ILogger log);

    [LoggerMessage(30, LogLevel.Warning, "the journal's server is waited for: {Why}")]
    public static partial void ServerAwaited(ILogger log, string why);

    [LoggerMessage(31, LogLevel.Warning, "database '{Name}' was not prepared: {Why}")]
    public static partial void DatabaseNotPrepared(ILogger log, string name, string why);

    [LoggerMessage(32, LogLevel.Information, "the journal of {Service} gets a new key-encryption key, {Key}")]
    public static partial void JournalKeyRenewed(ILogger log, string service, string key);

    [LoggerMessage(33, LogLevel.Information, "the administrator asked to erase a subject of {Service}: {Outcome}")]
    public static partial void SubjectErasureAsked(ILogger log, string service, string outcome);

    [LoggerMessage(21, LogLevel.Critical, "the region cannot go on")]
    public static partial void Failed(ILogger log, Exception exception);
}
