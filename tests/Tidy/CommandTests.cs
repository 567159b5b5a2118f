using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pelago.Tests.Tidy;

/// <summary>Commands that documents show are commands that there are.</summary>
public sealed partial class CommandTests
{
    [Fact]
    public void Commands_InDocuments_Exist()
    {
        var verbs = Verbs();
        verbs.ShouldContain("up");
        var wrong = from file in Repository.Documents
                    where file.Path != "tests/mutants/README.md"
                    from Match match in Command().Matches(file.Text)
                    let verb = match.Groups["verb"].Value
                    where !verbs.Contains(verb)
                    select $"{file.Path}: {match.Value.Trim()}";
        wrong.Distinct().ShouldBeEmpty();
    }

    [Fact]
    public void Scripts_NamedInCommands_AreExecutable()
    {
        string[] scripts = ["pelago", ".ci/run", "eng/test.sh", "eng/bench.sh", "eng/setup.sh", "eng/mutants.sh",
            "eng/soak.sh"];
        var wrong = scripts.Where(path => !OperatingSystem.IsWindows()
            && !File.GetUnixFileMode(Path.Combine(Repository.Root, path)).HasFlag(UnixFileMode.UserExecute));
        wrong.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("test", "--help")]
    [InlineData("--no-input", "test", "--help")]
    public void Script_OptionsAroundTheVerb_FindTheSuites(params string[] words)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "pelago"), words)
        {
            RedirectStandardOutput = true,
        };
        using var script = Process.Start(start)!;
        script.StandardOutput.ReadToEnd().ShouldStartWith("Runs tests: ./pelago test [unit|");
        script.WaitForExit();
        script.ExitCode.ShouldBe(0);
    }

    /// <summary>First words of the command line: the names given to commands in the table of verbs and in the files of
    /// verbs.</summary>
    private static HashSet<string> Verbs()
    {
        var names = from file in Repository.Product
                    where file.Path.StartsWith("src/Pelago.Cli/Commands/", StringComparison.Ordinal)
                    from node in file.Syntax.DescendantNodes()
                    let arguments = node switch
                    {
                        InvocationExpressionSyntax call => call.ArgumentList,
                        ObjectCreationExpressionSyntax created => created.ArgumentList,
                        _ => null,
                    }
                    where arguments is { Arguments.Count: > 1 }
                    let first = arguments.Arguments[0].Expression as LiteralExpressionSyntax
                    where first?.Token.Value is string name && VerbName().IsMatch(name)
                    select (string)first.Token.Value!;
        return [.. names];
    }

    /// <summary>At the start of a line of code, after a prompt, or in backticks.</summary>
    [GeneratedRegex(@"(^|`|\$ |&& )(\./)?pelago (?<verb>[a-z-]+)\b(?!/)", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex("^[a-z][a-z-]+$")]
    private static partial Regex VerbName();
}
