using System.CommandLine;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago verify</c>: whether all regions hold the same.</summary>
internal static class VerifyVerb
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public static Command Create(VerbContext context)
    {
        var format = VerbContext.Format();
        var settle = new Option<double>("--settle-seconds")
        {
            Description = "How long differences may last while events are under way.",
            HelpName = "S",
            DefaultValueFactory = _ => 10,
        };
        var verb = context.Verb("verify", "Compares what all regions hold of every service.",
            ["pelago verify", "pelago verify --settle-seconds 60 -o json"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var limit = TimeSpan.FromSeconds(parsed.GetValue(settle));
                var started = context.Time.GetTimestamp();
                while (true)
                {
                    var results = await CompareAsync(world, cancellationToken);
                    var final = results.All(result => result.Agree) || context.Time.GetElapsedTime(started) >= limit;
                    if (final)
                        return Show(context.Terminal, results, parsed.GetValue(format));
                    await Task.Delay(Interval, context.Time, cancellationToken);
                }
            });
        verb.Add(format);
        verb.Add(settle);
        return verb;
    }

    private static async Task<IReadOnlyList<ServiceComparison>> CompareAsync(
        RunningWorld world, CancellationToken cancellationToken)
    {
        var regions = world.World.Regions;
        using var first = world.Region(regions[0], AnswerLimit);
        var services = await first.ListServicesAsync(project: null, cancellationToken);
        var results = new List<ServiceComparison>();
        foreach (var service in services.Items.Where(service => service.Spec.Replicated))
        {
            var digests = await Task.WhenAll(regions.Select(async region =>
            {
                using var client = world.Region(region, AnswerLimit);
                var json = await client.GetDigestsAsync(
                    service.Metadata.Namespace, service.Metadata.Name, cancellationToken);
                return ReplicaDigests.Parse(region.Name, json);
            }));
            results.Add(ServiceComparison.Of($"{service.Metadata.Namespace}/{service.Metadata.Name}", digests));
        }
        return results;
    }

    private static int Show(Terminal terminal, IReadOnlyList<ServiceComparison> results, OutputFormat format)
    {
        if (format is OutputFormat.Json or OutputFormat.Yaml)
            terminal.Line(format == OutputFormat.Json ? Formats.Json(results) : Formats.Yaml(results));
        else
        {
            terminal.Table(["SERVICE", "REGION", "ENTITIES", "EVENTS", "RESULT"],
                from result in results
                from replica in result.Replicas
                select (IReadOnlyList<string>)
                [
                    result.Service, replica.Region, $"{replica.Entities}", $"{replica.Events}",
                    result.Agree ? "ok" : "differs",
                ]);
        }
        if (results.FirstOrDefault(result => !result.Agree) is not { } different)
            return 0;
        throw new Failure(ErrorCodes.VerifyFailed,
            $"The regions hold different things of {different.Service}, in {different.DifferingSlices.Count} of "
            + $"1024 slices ({string.Join(", ", different.DifferingSlices.Take(5))}).",
            "While a link is cut or a region is down this is expected: 'pelago status' shows who is behind.")
            .ToException();
    }
}
