using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Pelago.Cli;

/// <summary><c>pelago version</c>.</summary>
internal static class VersionVerb
{
    /// <summary>Version of this program.</summary>
    public static string Current
        => Assembly.GetExecutingAssembly().GetName().Version?.ToString(fieldCount: 3) ?? "0.0.0";

    public static Command Create(VerbContext context)
    {
        var format = VerbContext.Format();
        var verb = context.Verb("version", "Shows the version.", ["pelago version", "pelago version -o json"],
            (parsed, _) =>
        {
            var version = new VersionReport(Current, RuntimeInformation.FrameworkDescription,
                RuntimeInformation.RuntimeIdentifier);
            context.Terminal.Line(parsed.GetValue(format) switch
            {
                OutputFormat.Json => Formats.Json(version),
                OutputFormat.Yaml => Formats.Yaml(version),
                OutputFormat.Wide => $"pelago {version.Version} ({version.Runtime}, {version.Platform})",
                _ => $"pelago {version.Version}",
            });
            return Task.FromResult(0);
        });
        verb.Add(format);
        return verb;
    }

    private sealed record VersionReport(string Version, string Runtime, string Platform);
}
