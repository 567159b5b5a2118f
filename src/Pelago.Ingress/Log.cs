using Microsoft.Extensions.Logging;

namespace Pelago.Ingress;

/// <summary>Everything the ingress logs. Names of callers come from verified certificates; no other text of a stranger
/// is logged.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "A caller's certificate was refused at stage {Stage}: {Reason}")]
    public static partial void PeerRefused(this ILogger log, string stage, string reason);

    [LoggerMessage(2, LogLevel.Warning, "{San} asked for {Destination}, which is of another project")]
    public static partial void OtherProject(this ILogger log, string san, string destination);

    [LoggerMessage(3, LogLevel.Debug, "A request on connection {Connection} was refused with {Code}")]
    public static partial void Refused(this ILogger log, string code, string connection);

    [LoggerMessage(4, LogLevel.Information, "Instance {Instance} takes no connection; trying the next one")]
    public static partial void TryingNext(this ILogger log, string instance);

    [LoggerMessage(5, LogLevel.Warning, "Instance {Instance} failed before it answered: {Exception} {Detail}")]
    public static partial void UpstreamFailed(this ILogger log, string instance, string exception, string detail);

    [LoggerMessage(
        6,
        LogLevel.Information,
        "An answer of instance {Instance} was broken off: {Exception}; on purpose: {OnPurpose}"
    )]
    public static partial void BrokenOff(this ILogger log, string instance, string exception, bool onPurpose);
}
