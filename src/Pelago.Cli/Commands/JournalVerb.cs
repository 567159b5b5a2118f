using System.CommandLine;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago journal check|stats|compact|rekey</c>: the journals of a service, one in each region.</summary>
/// <remarks>The running instance does the work: it holds the keys, which nobody else is given, and it knows the rows
/// that the indexes on disk do not cover yet. A journal that does not open has no running instance; <c>status</c> and
/// <c>doctor</c> say why.</remarks>
internal static class JournalVerb
{
    public static Command Create(VerbContext context)
    {
        var group = context.Verb("journal",
            "The journals of a service: check them, count what they hold, compact them, renew keys.",
            ["pelago journal check bookstore", "pelago journal stats bookstore", "pelago journal compact bookstore",
                "pelago journal rekey bookstore"],
            run: null);
        group.Add(Check(context));
        group.Add(Stats(context));
        group.Add(Compact(context));
        group.Add(Rekey(context));
        return group;
    }

    private static Command Check(VerbContext context)
    {
        var target = new Target();
        return target.AddTo(context.Verb("check",
            "Verifies every row, record and index of a service's journals, and names what is damaged.",
            ["pelago journal check bookstore", "pelago journal check bookstore --region eu-west-1 -o json",
                "pelago journal check region --project pelago"],
            async (parsed, cancellationToken) =>
            {
                var runs = await target.RunAsync(context, parsed, JournalRunKinds.Check, null, cancellationToken);
                return JournalText.Check(context.Terminal, target.NameOf(parsed), runs, target.FormatOf(parsed));
            }));
    }

    private static Command Stats(VerbContext context)
    {
        var target = new Target();
        return target.AddTo(context.Verb("stats", "Counts what a service's journals hold, and under which keys.",
            ["pelago journal stats bookstore", "pelago journal stats bookstore -o wide"],
            async (parsed, cancellationToken) =>
            {
                var runs = await target.RunAsync(context, parsed, JournalRunKinds.Stats, null, cancellationToken);
                return JournalText.Stats(context.Terminal, runs, target.FormatOf(parsed));
            }));
    }

    private static Command Compact(VerbContext context)
    {
        var target = new Target();
        var type = new Option<string?>("--type")
        {
            Description = "Only entities of this type. Default: all types.", HelpName = "TYPE",
        };
        var verb = target.AddTo(context.Verb("compact",
            "Removes rows of events that are final in every region, of entity types that let them go.",
            ["pelago journal compact bookstore", "pelago journal compact bookstore --type cart --region eu-west-1"],
            async (parsed, cancellationToken) =>
            {
                var only = parsed.GetValue(type);
                if (only is not null && Names.Check(only, "value of --type") is { } wrong)
                    throw wrong.ToException();
                var runs = await target.RunAsync(context, parsed, JournalRunKinds.Compact, only, cancellationToken);
                return JournalText.Compact(context.Terminal, runs, target.FormatOf(parsed));
            }));
        verb.Add(type);
        return verb;
    }

    private static Command Rekey(VerbContext context)
    {
        var target = new Target();
        var kek = new Option<bool>("--kek")
        {
            Description = "Make a new key-encryption key instead, and wrap every data key under it.",
        };
        var dryRun = VerbContext.DryRun();
        var verb = target.AddTo(context.Verb("rekey",
            "Seals new rows of a service's journals under a new data key; older rows stay readable.",
            ["pelago journal rekey bookstore", "pelago journal rekey bookstore --kek --region eu-west-1"],
            async (parsed, cancellationToken) =>
            {
                var wraps = parsed.GetValue(kek);
                if (parsed.GetValue(dryRun))
                {
                    return JournalText.RekeyForetold(context.Terminal,
                        await target.RunAsync(context, parsed, JournalRunKinds.Stats, null, cancellationToken), wraps);
                }
                var runs = await target.RunAsync(context, parsed,
                    wraps ? JournalRunKinds.RekeyKek : JournalRunKinds.Rekey, null, cancellationToken);
                return JournalText.Rekey(context.Terminal, runs, target.FormatOf(parsed));
            }));
        verb.Add(kek);
        verb.Add(dryRun);
        return verb;
    }

    /// <summary>What says which journals are meant, and how the answer is shown.</summary>
    private sealed class Target
    {
        private readonly Argument<string> service = new("SERVICE") { Description = "Name of the service." };

        private readonly Option<string> project = new("--project")
        {
            Description = "Project that owns the service.", HelpName = "PROJECT", DefaultValueFactory = _ => "demo",
        };

        private readonly Option<string?> region = new("--region")
        {
            Description = "Only the journal of this region. Default: all regions.", HelpName = "REGION",
        };

        private readonly Option<OutputFormat> format = VerbContext.Format();

        public Command AddTo(Command verb)
        {
            verb.Add(service);
            verb.Add(project);
            verb.Add(region);
            verb.Add(format);
            return verb;
        }

        public string NameOf(ParseResult parsed)
            => $"{parsed.GetValue(project)}/{parsed.GetRequiredValue(service)}";

        public OutputFormat FormatOf(ParseResult parsed) => parsed.GetValue(format);

        /// <summary>Runs in the regions that are meant, and waits for the end.</summary>
        /// <param name="type">Of a compaction: only entities of this type; null for all.</param>
        public Task<IReadOnlyList<JournalRunView>> RunAsync(
            VerbContext context, ParseResult parsed, string kind, string? type,
            CancellationToken cancellationToken)
        {
            var (owner, named) = (parsed.GetValue(project)!, parsed.GetRequiredValue(service));
            // Pelago's own project is refused elsewhere; here its one service may be looked at.
            if ((owner, named) is not (Names.ReservedProject, "region")
                && (Names.CheckService(named) ?? Names.CheckProject(owner, "value of --project")) is { } wrong)
                throw wrong.ToException();
            var world = RunningWorld.Open(context.World(parsed), context.Time);
            var asked = parsed.GetValue(region) is { } one ? [world.RequireRegion(one)] : world.World.Regions;
            return new JournalRound(world, context, owner, named).RunAsync(asked, kind, type, cancellationToken);
        }
    }
}
