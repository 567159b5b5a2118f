using System.CommandLine;

namespace Pelago.Cli;

/// <summary><c>pelago doctor</c>: what is wrong with a world and the command that mends it.</summary>
internal static class DoctorVerb
{
    private const int LongDetail = 80;
    private const int LongMend = 100;

    public static Command Create(VerbContext context)
    {
        var format = VerbContext.Format();
        var json = new Option<bool>("--json") { Description = "The same as -o json." };
        var verb = context.Verb("doctor", "Examines a world; each finding says what mends it.",
            ["pelago doctor", "pelago doctor --json"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var findings = await Examination.RunAsync(
                    world, context.Suffix(parsed), context.Time, cancellationToken);
                Show(context.Terminal, findings, parsed.GetValue(json) ? OutputFormat.Json : parsed.GetValue(format));
                return findings.Any(finding => finding.Result == Finding.Failed) ? 1 : 0;
            });
        verb.Add(format);
        verb.Add(json);
        return verb;
    }

    internal static void Show(Terminal terminal, IReadOnlyList<Finding> findings, OutputFormat format)
    {
        if (terminal.Document(findings, format, finding => finding.Check))
            return;
        // People look for what is wrong first.
        var ordered = findings.OrderBy(f => f.Result switch { Finding.Failed => 0, Finding.Warning => 1, _ => 2 })
            .ToList();
        terminal.Table(["CHECK", "RESULT", "DETAIL", "MENDED BY"], ordered.Select(f => (IReadOnlyList<string>)
            [f.Check, f.Result, Short(f.Detail, LongDetail), f.Mend.Length > LongMend ? "(below)" : f.Mend]));
        // One long cell would make its column as wide in every row; and a command has to be there in one piece, once.
        foreach (var about in ordered.Where(f => f.Detail.Length > LongDetail || f.Mend.Length > LongMend)
            .GroupBy(f => f.Mend.Length > LongMend ? f.Mend : ""))
        {
            terminal.Line("");
            foreach (var finding in about)
                terminal.Line($"{finding.Check}: {finding.Detail}");
            if (about.Key.Length > 0)
                terminal.Line(about.Key);
        }
        var (failed, warnings) = (findings.Count(f => f.Result == Finding.Failed),
            findings.Count(f => f.Result == Finding.Warning));
        terminal.Say(failed + warnings == 0 ? "\nNothing is wrong."
            : $"\n{failed} failed, {warnings} warnings: the last column mends them. Next: pelago doctor again.");
    }

    private static string Short(string text, int most)
        => text.Length <= most ? text : string.Concat(text.AsSpan(0, most - 1), "…");
}
