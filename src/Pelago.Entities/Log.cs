using Microsoft.Extensions.Logging;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>The room's log messages. Names of peers come from verified certificates or from configuration.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information,
        "Runtime of region {Region} started: journal {Journal}, incarnation {Incarnation}, continuity {Continuity}.")]
    public static partial void Started(ILogger logger, string region, Guid journal, string incarnation,
        Continuity continuity);

    [LoggerMessage(2, LogLevel.Information, "Runtime stopped; {Pending} requests were still waiting.")]
    public static partial void Stopped(ILogger logger, int pending);

    [LoggerMessage(3, LogLevel.Critical,
        "The replication kernel failed at {Input}, or right after it; this instance cannot go on.")]
    public static partial void KernelFailed(ILogger logger, string input, Exception error);

    [LoggerMessage(4, LogLevel.Error, "A group of {Batches} batches was not committed.")]
    public static partial void AppendFailed(ILogger logger, int batches, Exception error);

    [LoggerMessage(5, LogLevel.Information, "Incarnation {Origin} begins: {Reason}")]
    public static partial void IncarnationOpened(ILogger logger, string origin, string reason);

    [LoggerMessage(6, LogLevel.Error, "An entity of type {Type} could not be loaded.")]
    public static partial void LoadFailed(ILogger logger, string type, Exception error);

    [LoggerMessage(7, LogLevel.Error, "A page of lane {Lane} could not be read.")]
    public static partial void PageFailed(ILogger logger, int lane, Exception error);

    [LoggerMessage(8, LogLevel.Warning, "Alarm {Kind}: {Text}")]
    public static partial void Alarm(ILogger logger, AlarmKind kind, string text);

    [LoggerMessage(9, LogLevel.Information, "Link {Link} with {Peer} is open (dialled here: {Dialled}).")]
    public static partial void LinkOpened(ILogger logger, long link, string peer, bool dialled);

    [LoggerMessage(10, LogLevel.Information, "Link {Link} with {Peer} ended: {Reason}")]
    public static partial void LinkEnded(ILogger logger, long link, string peer, string reason);

    [LoggerMessage(11, LogLevel.Debug, "Dialling {Peer} failed: {Reason}")]
    public static partial void DialFailed(ILogger logger, string peer, string reason);

    [LoggerMessage(13, LogLevel.Error, "An entity of lane {Lane} is parked, the others go on. {Damage}")]
    public static partial void EntityDamaged(ILogger logger, int lane, Failure damage);

    [LoggerMessage(14, LogLevel.Warning, "Entities of lane {Lane} could not be compared with the peers'.")]
    public static partial void AuditFailed(ILogger logger, int lane, Exception error);

    [LoggerMessage(15, LogLevel.Information, "The journal was checked: {Rows} rows, {Damage} findings.")]
    public static partial void JournalChecked(ILogger logger, long rows, int damage);

    [LoggerMessage(16, LogLevel.Error, "A run over the journal ({Kind}) came to no end.")]
    public static partial void JournalRunFailed(ILogger logger, JournalRunKind kind, Exception error);

    [LoggerMessage(17, LogLevel.Warning, "Effect '{Effect}' of a final event of '{Type}' failed (attempt {Attempt}).")]
    public static partial void EffectFailed(ILogger logger, string effect, string type, int attempt, Exception error);

    [LoggerMessage(18, LogLevel.Information,
        "A subject was erased on an operator's demand: region {Region} has none of its keys any more.")]
    public static partial void SubjectErased(ILogger logger, string region);

    [LoggerMessage(12, LogLevel.Warning, "A replication stream was refused: {Reason}")]
    public static partial void StreamRefused(ILogger logger, string reason);

    [LoggerMessage(19, LogLevel.Error, "A request to an entity of type {Type} failed in the service's own code.")]
    public static partial void ServiceCodeFailed(ILogger logger, string type, Exception error);

    [LoggerMessage(20, LogLevel.Error, "A request to an entity of type {Type} failed in the service's own code. "
        + "Messages are left out, because they may quote what is sealed. {Outline}")]
    public static partial void PersonalCodeFailed(ILogger logger, string type, string outline);

    [LoggerMessage(21, LogLevel.Warning, "Effect '{Effect}' of a final event of '{Type}' failed (attempt {Attempt}). "
        + "Messages are left out, because they may quote what is sealed. {Outline}")]
    public static partial void PersonalEffectFailed(
        ILogger logger, string effect, string type, int attempt, string outline);
}
