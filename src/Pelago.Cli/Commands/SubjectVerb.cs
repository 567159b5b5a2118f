using System.CommandLine;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago subject erase SERVICE SUBJECT</c>: forgets a person in every region, for good.</summary>
/// <remarks>1. The names. 2. How the subject is in each region; one that nobody knows is refused. 3. The operator
/// agrees. 4. One region writes it down. 5. The others hear of it, as of any event, and each confirms. A subject's name
/// may itself be personal: it goes to the terminal, into bodies of requests, and nowhere else.</remarks>
internal static class SubjectVerb
{
    private const int DefaultSeconds = 30;
    private const int MaxSeconds = 3_600;
    private const string FromInput = "-";

    public static Command Create(VerbContext context)
    {
        var group = context.Verb("subject", "People of whom a service keeps sealed members: erase one.",
            ["pelago subject erase bookstore customer-42"], run: null);
        group.Add(Erase(context));
        return group;
    }

    private static Command Erase(VerbContext context)
    {
        var service = new Argument<string>("SERVICE") { Description = "Name of the service." };
        var name = new Argument<string>("SUBJECT")
        {
            Description = "The subject, as the service names it when it seals; - reads it from standard input.",
        };
        var project = new Option<string>("--project")
        {
            Description = "Project that owns the service.", HelpName = "PROJECT", DefaultValueFactory = _ => "demo",
        };
        var timeout = VerbContext.Number<int>("--timeout-seconds",
            $"How long to wait until every region has confirmed (default {DefaultSeconds}).", "N", 0, MaxSeconds);
        var acknowledge = Level();
        var force = new Option<bool>("--force")
        {
            Description = "Also when no region that answers knows the subject.",
        };
        var (yes, dryRun, format) = (VerbContext.Yes(), VerbContext.DryRun(), VerbContext.Format());
        var verb = context.Verb("erase",
            "Deletes a subject's keys in every region: nobody can read what is sealed of it any more, for good.",
            ["pelago subject erase bookstore customer-42", "pelago subject erase bookstore customer-42 --yes -o json",
                "pelago subject erase bookstore customer-42 --acknowledge majority",
                "pelago subject erase bookstore - --yes < subject.txt"],
            async (parsed, cancellationToken) =>
            {
                // 1.
                var target = TargetOf(
                    parsed.GetRequiredValue(service), parsed.GetValue(project)!, parsed.GetRequiredValue(name));
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var erasure = new SubjectErasure([.. world.World.Regions.Select(r => r.Name)],
                    SubjectCalls.To(world, target), context.Terminal, context.Time);
                // 2.
                var found = await erasure.LookAsync(cancellationToken);
                if (parsed.GetValue(dryRun))
                    return SubjectText.Foretell(context.Terminal, found, parsed.GetValue(format));
                SubjectErasure.RequireKnown(found, parsed.GetValue(force));
                var needed = SubjectErasure.RequireLevel(found, parsed.GetValue(acknowledge));
                if (found.Count(r => r.IsForgotten) < needed)
                {
                    // 3.
                    context.Confirm(parsed, yes, $"Erase '{target.Subject}' of {target.Project}/{target.Service} in "
                        + "every region, for good?");
                    // 4. and 5.
                    found = await erasure.EraseAsync(found, parsed.GetValue(force), needed,
                        TimeSpan.FromSeconds(parsed.GetValue(timeout) ?? DefaultSeconds), cancellationToken);
                }
                return SubjectText.Show(context.Terminal, found, needed, parsed.GetValue(format));
            });
        foreach (var argument in new[] { service, name })
            verb.Add(argument);
        foreach (var option in new Option[] { project, acknowledge, timeout, force, yes, dryRun, format })
            verb.Add(option);
        return verb;
    }

    // Null means every region.
    private static Option<string?> Level() => new("--acknowledge")
    {
        Description = "In how many regions it has to be done: local, majority or a number; every region by default.",
        HelpName = "LEVEL",
        CustomParser = result =>
        {
            var level = result.Tokens.Single().Value;
            if (SubjectErasure.RegionsOf(level, 1) is null)
                result.AddError("--acknowledge must be local, majority, or a number of regions.");
            return level;
        },
    };

    private static SubjectTarget TargetOf(string service, string project, string subject)
    {
        if ((Names.CheckService(service) ?? Names.CheckProject(project, "value of --project")) is { } wrong)
            throw wrong.ToException();
        if (subject == FromInput)
            subject = Console.In.ReadLine() ?? "";
        return EntityKey.CheckId(subject, "subject") is { } invalid ? throw invalid.ToException()
            : new SubjectTarget(project, service, subject);
    }
}
