using System.CommandLine;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago deploy DIR</c>.</summary>
internal static class DeployVerb
{
    private static readonly TimeSpan TransferLimit = TimeSpan.FromSeconds(60);

    public static Command Create(VerbContext context)
    {
        var directory = new Argument<string>("DIR")
        {
            Description = "A project's directory, or a published application.",
        };
        var region = new Option<string?>("--region")
        {
            Description = "Whom to tell; the others follow. Default: the first.", HelpName = "REGION",
        };
        var project = new Option<string>("--project")
        {
            Description = "Project that owns the service.", HelpName = "PROJECT", DefaultValueFactory = _ => "demo",
        };
        var name = new Option<string?>("--name")
        {
            Description = "Name of the service. Default: that of the directory.", HelpName = "NAME",
        };
        var verb = context.Verb("deploy", "Deploys an application as a service of every region.",
            ["pelago deploy samples/bookstore", "pelago deploy ./out --name shop --project retail --region eu-west-1"],
            async (parsed, cancellationToken) =>
            {
                var source = Path.GetFullPath(parsed.GetRequiredValue(directory));
                if (!Directory.Exists(source))
                {
                    throw new Failure(ErrorCodes.NotAnApplication, $"There is no directory '{source}'.",
                        "Name a project's directory or a published application.").ToException();
                }
                var service = parsed.GetValue(name) ?? new DirectoryInfo(source).Name.ToLowerInvariant();
                if ((Names.CheckService(service) ?? Names.Check(parsed.GetValue(project), "project name")) is { } wrong)
                    throw wrong.ToException();
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var chosen = parsed.GetValue(region) is { } asked ? world.RequireRegion(asked) : world.World.Regions[0];
                using var client = world.Region(chosen, TransferLimit);
                await Deployment.RunAsync(
                    client, source, parsed.GetValue(project)!, service, context.Terminal, cancellationToken);
                context.Terminal.Say("Every region starts it now. 'pelago status --watch' shows how far they are.");
                return 0;
            });
        verb.Add(directory);
        verb.Add(region);
        verb.Add(project);
        verb.Add(name);
        return verb;
    }
}
