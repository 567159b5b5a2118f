using Microsoft.Extensions.Logging;

namespace Pelago.Federation;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "federation plane of group '{Group}' listens on port {Port}")]
    public static partial void Listening(ILogger log, string group, int port);

    [LoggerMessage(2, LogLevel.Information, "federation plane stopped")]
    public static partial void Stopped(ILogger log);
}
