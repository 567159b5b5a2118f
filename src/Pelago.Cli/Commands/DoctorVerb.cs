using System.CommandLine;

namespace Pelago.Cli;

/// <summary><c>pelago doctor</c>: what is wrong with a world and the command that mends it.</summary>
internal static class DoctorVerb
{
    public static Command Create(VerbContext context)
    {
        var json = new Option<bool>("--json") { Description = "For scripts." };
        var verb = context.Verb("doctor", "Examines a world; each finding says what mends it.",
            ["pelago doctor", "pelago doctor --json"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var findings = await Examination.RunAsync(world, context.Time, cancellationToken);
                if (parsed.GetValue(json))
                    context.Terminal.Line(Formats.Json(findings));
                else
                {
                    context.Terminal.Table(["CHECK", "RESULT", "DETAIL", "MENDED BY"],
                        findings.Select(f => (IReadOnlyList<string>)[f.Check, f.Result, f.Detail, f.Mend]));
                }
                return findings.Any(finding => finding.Result == Finding.Failed) ? 1 : 0;
            });
        verb.Add(json);
        return verb;
    }
}

/// <summary>One finding.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Result"><c>ok</c>, <c>warning</c> or <c>failed</c>.</param>
/// <param name="Detail">What was seen.</param>
/// <param name="Mend">The command that mends it; empty when nothing is wrong.</param>
internal sealed record Finding(string Check, string Result, string Detail, string Mend)
{
    public const string Good = "ok";
    public const string Warning = "warning";
    public const string Failed = "failed";

    public static Finding Of(string check, bool good, string detail, string mend)
        => new(check, good ? Good : Failed, detail, good ? "" : mend);
}
