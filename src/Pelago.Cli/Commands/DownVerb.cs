using System.CommandLine;

namespace Pelago.Cli;

/// <summary><c>pelago down</c>: ends every process; data stays.</summary>
internal static class DownVerb
{
    public static Command Create(VerbContext context) => context.Verb(
        "down", "Stops a world. Its data stays.", ["pelago down", "pelago down --data /tmp/other"],
        async (parsed, cancellationToken) =>
        {
            var directory = context.World(parsed);
            var world = RunningWorld.Open(directory, context.Time);
            await using var turn = await WorldLock.TakeAsync(
                directory, context.Terminal, context.Time, cancellationToken);
            await WorldStop.RunAsync(world, context.Terminal, context.Time, cancellationToken);
            context.Terminal.Say("The world is down. 'pelago up' starts it again with its data.");
            return 0;
        });
}
