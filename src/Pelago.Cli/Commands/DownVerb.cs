using System.CommandLine;

namespace Pelago.Cli;

/// <summary><c>pelago down</c>: ends every process; data stays, and so nothing is asked.</summary>
internal static class DownVerb
{
    public static Command Create(VerbContext context)
    {
        var yes = new Option<bool>("--yes", "-y")
        {
            Description = "Accepted for scripts; nothing is asked, because the data stays.",
        };
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb("down", "Stops a world. Its data stays.",
            ["pelago down", "pelago down --data /tmp/other", "pelago down --context second"],
            async (parsed, cancellationToken) =>
            {
                var directory = context.World(parsed);
                // Before the lock, which would make the directory.
                var world = RunningWorld.Open(directory, context.Time);
                if (parsed.GetValue(dryRun))
                {
                    WorldStop.Foretell(world, context.Terminal);
                    return 0;
                }
                await using var turn = await WorldLock.TakeAsync(
                    directory, context.Terminal, context.Time, cancellationToken);
                world = RunningWorld.Open(directory, context.Time); // whoever had the lock may have added a region
                await WorldStop.RunAsync(world, context.Terminal, context.Time, cancellationToken);
                context.Terminal.Say("The world is down. 'pelago up' starts it again with its data.");
                return 0;
            });
        verb.Add(yes);
        verb.Add(dryRun);
        return verb;
    }
}
