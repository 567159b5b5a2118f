using Microsoft.Extensions.Logging;

namespace Pelago.Api;

/// <summary>Logs of a role: JSON lines on standard output, which its starter has put on a file.</summary>
public static class RoleLogging
{
    /// <summary>A factory; the caller disposes it. The web server reports trouble only.</summary>
    public static ILoggerFactory Create() => LoggerFactory.Create(logs => logs
        .AddJsonConsole(console =>
        {
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
        })
        .AddFilter("Microsoft", LogLevel.Warning));
}
