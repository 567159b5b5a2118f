using System.CommandLine;

namespace Pelago.Cli;

/// <summary><c>pelago status</c>.</summary>
internal static class StatusVerb
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    public static Command Create(VerbContext context)
    {
        var format = VerbContext.Format();
        var watch = new Option<bool>("--watch", "-w") { Description = "Show it again every second." };
        var verb = context.Verb("status", "Shows processes, regions, services and replication.",
            ["pelago status", "pelago status --watch", "pelago status -o json"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                while (true)
                {
                    var status = await WorldStatus.ReadAsync(world, cancellationToken);
                    if (parsed.GetValue(watch) && context.Terminal.IsInteractive)
                        context.Terminal.Clear();
                    StatusText.Write(context.Terminal, status, parsed.GetValue(format));
                    if (!parsed.GetValue(watch))
                        return 0;
                    await Task.Delay(WatchInterval, context.Time, cancellationToken);
                }
            });
        verb.Add(format);
        verb.Add(watch);
        return verb;
    }
}
