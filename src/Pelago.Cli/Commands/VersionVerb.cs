using System.CommandLine;
using System.Runtime.InteropServices;
using Pelago.Client;

namespace Pelago.Cli;

/// <summary><c>pelago version</c>.</summary>
internal static class VersionVerb
{
    public static Command Create(VerbContext context)
    {
        var format = VerbContext.Format();
        var verb = context.Verb("version", "Shows the version.", ["pelago version", "pelago version -o json"],
            (parsed, _) =>
        {
            var current = BuildIdentity.Current;
            var version = new VersionReport(current.Version, current.Build, RuntimeInformation.FrameworkDescription,
                RuntimeInformation.RuntimeIdentifier);
            context.Terminal.Line(parsed.GetValue(format) switch
            {
                OutputFormat.Json => Formats.Json(version),
                OutputFormat.Yaml => Formats.Yaml(version),
                OutputFormat.Wide
                    => $"pelago {version.Version} (build {version.Build}, {version.Runtime}, {version.Platform})",
                _ => $"pelago {version.Version}",
            });
            return Task.FromResult(0);
        });
        verb.Add(format);
        return verb;
    }

    private sealed record VersionReport(string Version, string Build, string Runtime, string Platform);
}
