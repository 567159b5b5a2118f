using Microsoft.Extensions.Logging;

namespace Pelago.Drills;

/// <summary>The room's log messages.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "The wide area network is up: {Links} links, profile {Profile}.")]
    public static partial void Started(ILogger logger, int links, string profile);

    [LoggerMessage(2, LogLevel.Error, "the call of {Path} failed")]
    public static partial void ControlFailed(ILogger logger, string path, Exception exception);
}
