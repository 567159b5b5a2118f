using Microsoft.Extensions.Logging;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Keeps the logs of the services within their bounds. The region's own log is its supervisor's.</summary>
internal sealed class ServiceLogs(string directory, LogLimits limits, TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(5);

    /// <summary>Looks at every log until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var pace = new PeriodicTimer(Pace, clock);
        while (await pace.WaitForNextTickAsync(cancellationToken))
            RotateAll();
    }

    internal void RotateAll()
    {
        try
        {
            // PROJECT.SERVICE.log: no role's log has a dot in its name.
            foreach (var file in Directory.EnumerateFiles(directory, "*.*.log"))
                LogRotation.Rotate(file, limits);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.LogsNotRotated(log, e.Message);
        }
    }
}
