using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Pelago.Tests.Tidy;

/// <summary>Every mutant still applies to the tree, breaks the product only, and says what must kill it.</summary>
public sealed partial class MutantTests
{
    [Fact]
    public void Mutants_AllOfThem_SayWhatTheyBreakAndWhatKillsThem()
    {
        var wrong = from patch in Patches()
                    let kill = Kill().Match(patch.Text)
                    where !Breaks().IsMatch(patch.Text) || !kill.Success
                        || !Directory.Exists(Path.Combine(Repository.Root, "tests", kill.Groups["project"].Value))
                    select patch.Path;
        wrong.ShouldBeEmpty("The header is: # breaks: a sentence, # kill: PROJECT -class \"*Name*\"");
    }

    [Fact]
    public void Mutants_AllOfThem_ChangeOnlyTheProduct()
    {
        var wrong =
            from patch in Patches()
            from Match match in Changed().Matches(patch.Text)
            let path = match.Groups["path"].Value
            where
                !path.StartsWith("src/", StringComparison.Ordinal)
                && !path.StartsWith("samples/", StringComparison.Ordinal)
            select $"{patch.Path}: {path}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Mutants_AllOfThem_ApplyToTheTree() =>
        Patches()
            .Select(patch => (patch.Path, Error: Check(patch.Path)))
            .Where(result => result.Error.Length > 0)
            .ShouldBeEmpty();

    private static IEnumerable<SourceFile> Patches()
        => Repository.Files.Where(file => file.Path.StartsWith("tests/mutants/", StringComparison.Ordinal)
            && file.Path.EndsWith(".patch", StringComparison.Ordinal));

    private static string Check(string patch)
    {
        var start = new ProcessStartInfo("git", ["apply", "--check", patch])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardError = true,
        };
        using var git = Process.Start(start)!;
        var error = git.StandardError.ReadToEnd();
        git.WaitForExit();
        return git.ExitCode == 0 ? "" : error.Trim();
    }

    [GeneratedRegex(@"^# breaks: .{10,}$", RegexOptions.Multiline)]
    private static partial Regex Breaks();

    [GeneratedRegex(@"^# kill: (?<project>\w+) -(class|method) \S+", RegexOptions.Multiline)]
    private static partial Regex Kill();

    [GeneratedRegex(@"^\+\+\+ b/(?<path>\S+)", RegexOptions.Multiline)]
    private static partial Regex Changed();
}
