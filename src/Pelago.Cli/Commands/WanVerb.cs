using System.CommandLine;
using System.Globalization;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago wan show|set|cut|heal</c>.</summary>
internal static class WanVerb
{
    public static Command Create(VerbContext context)
    {
        var group = context.Verb("wan", "The emulated network between regions: show, set, cut, heal.",
            ["pelago wan show", "pelago wan cut eu-west-1"], run: null);
        group.Add(Show(context));
        group.Add(Set(context));
        group.Add(Change(context, "cut", "Cuts links: bytes and new connections are held until they are healed.", 1,
            ["pelago wan cut eu-west-1", "pelago wan cut us-east-1 eu-west-1",
                "pelago wan cut us-east-1 eu-west-1 --one-way"]));
        group.Add(Change(context, "heal", "Heals links; without a name, all of them.", 0,
            ["pelago wan heal", "pelago wan heal eu-west-1", "pelago wan heal us-east-1 eu-west-1"]));
        return group;
    }

    private static Command Show(VerbContext context)
    {
        var format = VerbContext.Format();
        var verb = context.Verb("show", "Shows delays, cuts and traffic.",
            ["pelago wan show", "pelago wan show -o json"],
            async (parsed, cancellationToken) =>
            {
                using var wan = RunningWorld.Open(context.World(parsed), context.Time).WanControl();
                var report = await wan.GetAsync<WanReport>("v1/wan", cancellationToken);
                Write(context.Terminal, report, parsed.GetValue(format));
                return 0;
            });
        verb.Add(format);
        return verb;
    }

    private static Command Set(VerbContext context)
    {
        var ends = Ends(2, 2);
        var delay = VerbContext.Number<double>("--delay-ms", "One-way delay in milliseconds.", "MS");
        var reset = new Option<bool>("--reset") { Description = "Back to the profile's delay." };
        var oneWay = OneWay();
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb("set", "Sets the delay of a link.",
            ["pelago wan set us-east-1 eu-west-1 --delay-ms 250", "pelago wan set us-east-1 eu-west-1 --reset"],
            async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(delay) is null == !parsed.GetValue(reset))
                {
                    throw new Failure(ErrorCodes.InvalidArgument, "Either --delay-ms or --reset is needed.",
                        "Example: pelago wan set us-east-1 eu-west-1 --delay-ms 250").ToException();
                }
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var selection = Selection(world, parsed.GetRequiredValue(ends), parsed.GetValue(oneWay));
                var trial = parsed.GetValue(dryRun);
                using var wan = world.WanControl();
                await wan.PostAsync<WanDelay, WanReport>(Path("set", trial),
                    new WanDelay(selection, parsed.GetValue(delay)), cancellationToken);
                context.Terminal.Say(Describe(selection)
                    + (trial ? ": would be set." : ": set. 'pelago wan show' shows all links."));
                return 0;
            });
        verb.Add(ends);
        verb.Add(delay);
        verb.Add(reset);
        verb.Add(oneWay);
        verb.Add(dryRun);
        return verb;
    }

    private static Command Change(VerbContext context, string name, string description, int fewestEnds,
        string[] examples)
    {
        var ends = Ends(fewestEnds, 2);
        var oneWay = OneWay();
        var dryRun = VerbContext.DryRun();
        var verb = context.Verb(name, description, examples, async (parsed, cancellationToken) =>
        {
            var world = RunningWorld.Open(context.World(parsed), context.Time);
            var selection = Selection(world, parsed.GetValue(ends) ?? [], parsed.GetValue(oneWay));
            var trial = parsed.GetValue(dryRun);
            using var wan = world.WanControl();
            var report = await wan.PostAsync<WanSelection, WanReport>(Path(name, trial), selection, cancellationToken);
            if (trial)
            {
                context.Terminal.Say($"{Describe(selection)}: would be {(name == "cut" ? "cut" : "healed")}.");
                return 0;
            }
            var cut = report.Directions.Count(direction => direction.CutSince is not null);
            context.Terminal.Say($"{Describe(selection)}: {(name == "cut" ? "cut" : "healed")}. "
                + $"{cut} of {report.Directions.Count} directions are cut now."
                + (cut > 0 ? " 'pelago wan heal' heals all." : ""));
            return 0;
        });
        verb.Add(ends);
        verb.Add(oneWay);
        verb.Add(dryRun);
        return verb;
    }

    private static Argument<string[]> Ends(int fewest, int most) => new("REGION")
    {
        Description = "A region or 'federation': one for all its links, two for the link between them.",
        Arity = new ArgumentArity(fewest, most),
    };

    // The emulator makes the checks, so a trial asks it, too.
    private static string Path(string change, bool trial) => $"v1/wan/{change}{(trial ? "?dryRun=All" : "")}";

    private static Option<bool> OneWay() => new("--one-way") { Description = "Only from the first to the second." };

    private static WanSelection Selection(RunningWorld world, IReadOnlyList<string> ends, bool oneWay)
    {
        foreach (var end in ends.Where(end => end != LatencyMatrix.Federation))
            world.RequireRegion(end);
        return new WanSelection(ends.ElementAtOrDefault(0), ends.ElementAtOrDefault(1), oneWay);
    }

    private static string Describe(WanSelection selection) => selection switch
    {
        { A: null } => "All links",
        { B: null } => selection.OneWay ? $"Everything from {selection.A}" : $"All links of {selection.A}",
        _ => selection.OneWay ? $"{selection.A} → {selection.B}" : $"{selection.A} ↔ {selection.B}",
    };

    private static void Write(Terminal terminal, WanReport report, OutputFormat format)
    {
        if (format is OutputFormat.Json or OutputFormat.Yaml)
        {
            terminal.Line(format == OutputFormat.Json ? Formats.Json(report) : Formats.Yaml(report));
            return;
        }
        if (format == OutputFormat.Name)
        {
            foreach (var direction in report.Directions)
                terminal.Line($"{direction.From}/{direction.To}");
            return;
        }
        terminal.Table(
            ["FROM", "TO", "DELAY", "STATE", "CONNECTIONS", "IN FLIGHT", "SENT"],
            report.Directions.Select(d => (IReadOnlyList<string>)
            [
                d.From, d.To,
                string.Create(CultureInfo.InvariantCulture, $"{d.DelayMs:0.###} ms")
                    + (d.DelayMs == d.ProfileDelayMs ? "" : " (set)"),
                d.CutSince is null ? "ok" : "cut",
                Text(Of(report, d).Sum(l => l.Connections)),
                Text(Of(report, d).Sum(l => l.InFlightBytes)),
                Text(report.Links.Sum(l => l.From == d.From && l.To == d.To ? l.ForwardBytes
                    : l.From == d.To && l.To == d.From ? l.BackwardBytes : 0)),
            ]));
    }

    private static IEnumerable<LinkReport> Of(WanReport report, DirectionReport direction)
        => report.Links.Where(link => link.From == direction.From && link.To == direction.To);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
