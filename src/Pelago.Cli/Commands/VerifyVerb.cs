using System.CommandLine;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago verify</c>: whether all regions hold the same.</summary>
internal static class VerifyVerb
{
    private const int DefaultSettleSeconds = 10;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public static Command Create(VerbContext context)
    {
        var format = VerbContext.Format();
        var settle = VerbContext.Number<double>("--settle-seconds",
            $"How long differences may last while events are under way (default {DefaultSettleSeconds}).", "S", 0,
            86_400);
        var verb = context.Verb("verify", "Compares what all regions hold of every service.",
            ["pelago verify", "pelago verify --settle-seconds 60 -o json"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var limit = TimeSpan.FromSeconds(parsed.GetValue(settle) ?? DefaultSettleSeconds);
                var started = context.Time.GetTimestamp();
                while (true)
                {
                    var comparison = await WorldComparison.OfAsync(world, cancellationToken);
                    if (comparison.IsGood || context.Time.GetElapsedTime(started) >= limit)
                        return Show(context.Terminal, comparison, parsed.GetValue(format));
                    await Task.Delay(Interval, context.Time, cancellationToken);
                }
            });
        verb.Add(format);
        verb.Add(settle);
        return verb;
    }

    private static int Show(Terminal terminal, WorldComparison comparison, OutputFormat format)
    {
        if (!terminal.Document(comparison.Services, format, service => service.Service))
        {
            terminal.Table(["SERVICE", "REGION", "ENTITIES", "EVENTS", "RESULT"],
                from result in comparison.Services
                from replica in result.Replicas
                select (IReadOnlyList<string>)
                [
                    result.Service, replica.Region, $"{replica.Entities}", $"{replica.Events}",
                    result.Agree ? "ok" : "differs",
                ]);
        }
        if (comparison.Services.FirstOrDefault(result => !result.Agree) is { } different)
        {
            throw new Failure(ErrorCodes.VerifyFailed,
                $"The regions hold different things of {different.Service}, in {different.DifferingSlices.Count} of "
                + $"1024 slices ({string.Join(", ", different.DifferingSlices.Take(5))}).",
                "While a link is cut or a region is down this is expected: 'pelago status' shows who is behind.")
                .ToException();
        }
        if (comparison.Missing.Count > 0)
        {
            throw new Failure(ErrorCodes.PartlyDone,
                $"Not compared: {string.Join("; ", comparison.Missing)}. The others agree.",
                "'pelago status' shows what is down.").ToException();
        }
        terminal.Say("All regions hold the same. Next: pelago doctor looks at everything else.");
        return 0;
    }
}
