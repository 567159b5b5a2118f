using System.CommandLine;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago journal check|stats</c>: what lies in the journals of a service.</summary>
/// <remarks>The running instance does the work: it holds the keys, which nobody else is given, and it knows the rows
/// that the indexes on disk do not cover yet. A journal that does not open has no running instance; <c>status</c> and
/// <c>doctor</c> say why.</remarks>
internal static class JournalVerb
{
    public static Command Create(VerbContext context)
    {
        var group = context.Verb("journal", "The journals of a service: check them, count what they hold.",
            ["pelago journal check bookstore", "pelago journal stats bookstore"], run: null);
        group.Add(Over(context, "check",
            "Verifies every row, record and index of a service's journals, and names what is damaged.",
            ["pelago journal check bookstore", "pelago journal check bookstore --region eu-west-1 -o json",
                "pelago journal check region --project pelago"],
            JournalRunKinds.Check, JournalText.Check));
        group.Add(Over(context, "stats", "Counts what a service's journals hold, and under which keys.",
            ["pelago journal stats bookstore", "pelago journal stats bookstore -o wide"],
            JournalRunKinds.Stats, (terminal, _, runs, format) => JournalText.Stats(terminal, runs, format)));
        return group;
    }

    private static Command Over(VerbContext context, string name, string description, string[] examples, string kind,
        Func<Terminal, string, IReadOnlyList<JournalRunView>, OutputFormat, int> show)
    {
        var service = new Argument<string>("SERVICE") { Description = "Name of the service." };
        var project = new Option<string>("--project")
        {
            Description = "Project that owns the service.", HelpName = "PROJECT", DefaultValueFactory = _ => "demo",
        };
        var region = new Option<string?>("--region")
        {
            Description = "Only the journal of this region. Default: all regions.", HelpName = "REGION",
        };
        var format = VerbContext.Format();
        var verb = context.Verb(name, description, examples, async (parsed, cancellationToken) =>
        {
            var (owner, named) = (parsed.GetValue(project)!, parsed.GetRequiredValue(service));
            if (!IsOfARegion(owner, named)
                && (Names.CheckService(named) ?? Names.CheckProject(owner, "value of --project")) is { } wrong)
                throw wrong.ToException();
            var world = RunningWorld.Open(context.World(parsed), context.Time);
            var asked = parsed.GetValue(region) is { } one ? [world.RequireRegion(one)] : world.World.Regions;
            var runs = await new JournalRound(world, context, owner, named).RunAsync(asked, kind, cancellationToken);
            return show(context.Terminal, $"{owner}/{named}", runs, parsed.GetValue(format));
        });
        verb.Add(service);
        verb.Add(project);
        verb.Add(region);
        verb.Add(format);
        return verb;
    }

    // Pelago's own project is refused elsewhere; here its one service may be looked at.
    private static bool IsOfARegion(string project, string service) => (project, service) is ("pelago", "region");
}
