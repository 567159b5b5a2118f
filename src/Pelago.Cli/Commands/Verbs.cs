using System.CommandLine;
using System.CommandLine.Help;
using Pelago.Drills;
using Pelago.Federation;
using Pelago.Region;

namespace Pelago.Cli;

/// <summary>The table of verbs: the whole command line in one place.</summary>
internal static class Verbs
{
    public static RootCommand Create(Terminal terminal, TimeProvider time)
    {
        var context = new VerbContext(terminal, time);
        var root = new RootCommand("Pelago runs services in several regions at once.")
        {
            // A world
            UpVerb.Create(context),
            DownVerb.Create(context),
            StatusVerb.Create(context),
            DoctorVerb.Create(context),
            LogsVerb.Create(context),
            // Services
            DeployVerb.Create(context),
            DeleteVerb.Create(context),
            VerifyVerb.Create(context),
            ConflictsVerb.Create(context),
            JournalVerb.Create(context),
            SubjectVerb.Create(context),
            // Regions and what lies between them
            RegionsVerb.Create(context),
            WithRole(WanVerb.Create(context), context.Role(
                "run", "Runs the wide area network emulator.", (home, ct) => WanRole.RunAsync(home, time, ct))),
            VersionVerb.Create(context),
            // Pelago itself
            CheckoutVerbs.Test(context),
            CheckoutVerbs.Bench(context),
            CheckoutVerbs.Soak(context),
            // Processes of a world
            context.Role(
                "supervise", "Runs the supervisor of a world.", (home, ct) => SupervisorRole.RunAsync(home, time, ct)),
            Hidden(WithRole(new Command("federation", "The federation plane."), context.Role(
                "run", "Runs the federation plane.", FederationHost.RunAsync))),
            Hidden(WithRole(new Command("region", "A region."), context.Role(
                "run", "Runs a region.", RegionHost.RunAsync))),
        };
        root.Add(context.Data);
        root.Add(context.Context);
        root.Add(context.NoInput);
        // The version is a verb: data, not an option of every other verb.
        if (root.Options.OfType<VersionOption>().FirstOrDefault() is { } version)
            root.Options.Remove(version);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExamplesFirst((HelpAction)help.Action!, command => command is RootCommand
            ? ["pelago up", "pelago status --watch", "pelago deploy samples/bookstore", "pelago wan cut eu-west-1",
                "pelago down"]
            : context.ExamplesOf(command));
        root.SetAction(parsed => ((ExamplesFirst)help.Action).Invoke(parsed));
        return root;
    }

    private static Command WithRole(Command group, Command role)
    {
        group.Add(role);
        return group;
    }

    private static Command Hidden(Command command)
    {
        command.Hidden = true;
        return command;
    }
}
