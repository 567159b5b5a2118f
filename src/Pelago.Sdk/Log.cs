using Microsoft.Extensions.Logging;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>The room's log messages.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "A {Method} request failed.")]
    public static partial void RequestFailed(ILogger logger, string method, Exception error);

    [LoggerMessage(2, LogLevel.Information, "Service {Service} of project {Project} serves in region {Region}.")]
    public static partial void Serving(ILogger logger, string service, string project, string region);

    [LoggerMessage(3, LogLevel.Information,
        "No region started this service: it runs alone, on the journal in {Directory}.")]
    public static partial void StandAlone(ILogger logger, string directory);

    [LoggerMessage(4, LogLevel.Warning, "The region does not answer: {Reason}")]
    public static partial void RegionAway(ILogger logger, string reason);

    [LoggerMessage(5, LogLevel.Information, "Certificate renewed; the next renewal is due at {Next:u}.")]
    public static partial void Renewed(ILogger logger, DateTimeOffset next);

    [LoggerMessage(6, LogLevel.Information, "Configuration {Version} of the region: {Peers} peers.")]
    public static partial void Configured(ILogger logger, string version, int peers);

    [LoggerMessage(7, LogLevel.Critical, "The runtime failed; the process ends so that the region starts it again.")]
    public static partial void RuntimeFailed(ILogger logger, Exception error);

    [LoggerMessage(8, LogLevel.Warning, "The server of peer {Peer} was refused: {Reason}")]
    public static partial void PeerRefused(ILogger logger, string peer, string reason);

    [LoggerMessage(9, LogLevel.Critical, "The service cannot go on: {Failure}")]
    public static partial void Failed(ILogger logger, Failure failure);
}
