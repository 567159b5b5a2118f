using Microsoft.Extensions.Logging;

namespace Pelago.Federation;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "federation plane of group '{Group}' listens on port {Port}")]
    public static partial void Listening(ILogger log, string group, int port);

    [LoggerMessage(2, LogLevel.Information, "federation plane stopped")]
    public static partial void Stopped(ILogger log);

    [LoggerMessage(3, LogLevel.Information, "own intermediate renewed; it ends {End:u}")]
    public static partial void IntermediateRenewed(ILogger log, DateTime end);

    [LoggerMessage(4, LogLevel.Error, "own intermediate not renewed: {Why}")]
    public static partial void IntermediateNotRenewed(ILogger log, string why);
}
