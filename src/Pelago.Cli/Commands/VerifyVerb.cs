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
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb("verify",
            "Compares what all regions hold of every service; quarantines entities of which there are two versions.",
            ["pelago verify", "pelago verify --settle-seconds 60 -o json", "pelago verify --dry-run"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var limit = TimeSpan.FromSeconds(parsed.GetValue(settle) ?? DefaultSettleSeconds);
                var started = context.Time.GetTimestamp();
                while (true)
                {
                    var comparison = await WorldComparison.OfAsync(world, cancellationToken);
                    if (comparison.IsGood || context.Time.GetElapsedTime(started) >= limit)
                    {
                        var search = new DifferenceSearch(world, quarantine: !parsed.GetValue(dryRun));
                        return Show(context.Terminal, await comparison.ExplainedAsync(search, cancellationToken),
                            parsed.GetValue(format));
                    }
                    await Task.Delay(Interval, context.Time, cancellationToken);
                }
            });
        verb.Add(format);
        verb.Add(settle);
        verb.Add(dryRun);
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
                    !result.IsCompared ? "not compared" : result.Agree ? "ok" : "differs",
                ]);
            var differences = comparison.Services.SelectMany(
                s => s.Differences, (s, d) => (IReadOnlyList<string>)[$"{d.Kind}", s.Service, $"{d.Type}/{d.Id}",
                    d.Detail]).ToList();
            if (differences.Count > 0)
                terminal.Table(["DIFFERENCE", "SERVICE", "ENTITY", "DETAIL"], differences);
        }
        if (comparison.Services.FirstOrDefault(result => !result.Agree) is { } different)
            throw Verdict(different).ToException();
        if (comparison.Uncompared() is { } uncompared)
            throw new Failure(ErrorCodes.PartlyDone, uncompared, "'pelago status' shows what is down.").ToException();
        terminal.Say("All regions hold the same. Next: pelago doctor looks at everything else.");
        return 0;
    }

    private static Failure Verdict(ServiceComparison different)
    {
        var forks = different.Differences.Where(d => d.Kind == DifferenceKind.Fork).ToList();
        if (forks is not [var fork, ..])
            return new Failure(ErrorCodes.VerifyFailed,
                $"The regions hold different things of {different.Service}, in {different.DifferingSlices.Count} of "
                + $"1024 slices ({string.Join(", ", different.DifferingSlices.Take(5))}).",
                "While a link is cut or a region is down this is expected: 'pelago status' shows who is behind.");
        var more = forks.Count == 1 ? "" : $" So are {forks.Count - 1} more.";
        var done = fork.QuarantinedIn.Count == 0 ? ""
            : $" Quarantined in {string.Join(", ", fork.QuarantinedIn)}: it is neither read nor written there.";
        return new Failure(ErrorCodes.VerifyFailed,
            $"{fork.Type}/{fork.Id} of {different.Service} is a fork: {fork.Detail}.{more}{done}",
            "A journal was copied and both copies wrote: find the copy and end it. Each region keeps its version; "
            + "write what is right under another id.");
    }
}
