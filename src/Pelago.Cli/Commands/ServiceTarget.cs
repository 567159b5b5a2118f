using System.CommandLine;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>The options that say of which project a service is, and which region is told about it.</summary>
internal sealed class ServiceTarget
{
    private readonly Option<string> _project = new("--project")
    {
        Description = "Project that owns the service.", HelpName = "PROJECT", DefaultValueFactory = _ => "demo",
    };

    private readonly Option<string?> _region = new("--region")
    {
        Description = "Whom to tell; the others follow. Default: the first.", HelpName = "REGION",
    };

    public void AddTo(Command verb)
    {
        verb.Add(_region);
        verb.Add(_project);
    }

    /// <summary>The project that was asked for.</summary>
    /// <exception cref="PelagoException">PLG2001: its name, or that of the service, may not be one.</exception>
    public string ProjectOf(ParseResult parsed, string service)
    {
        var project = parsed.GetValue(_project)!;
        return (Names.CheckService(service) ?? Names.CheckProject(project, "value of --project")) is { } wrong
            ? throw wrong.ToException() : project;
    }

    /// <summary>The Execution API of the region that is told.</summary>
    public RegionClient Open(ParseResult parsed, VerbContext context, TimeSpan timeout)
    {
        var world = RunningWorld.Open(context.World(parsed), context.Time);
        return world.Region(
            parsed.GetValue(_region) is { } asked ? world.RequireRegion(asked) : world.World.Regions[0], timeout);
    }
}
