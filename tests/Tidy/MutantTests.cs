using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pelago.Tests.Tidy;

/// <summary>Every mutant still applies to the tree, breaks one project of the product, and names the property and the
/// one test that must kill it.</summary>
public sealed partial class MutantTests
{
    /// <summary>What must never be lost without a test that notices.</summary>
    private static readonly string[] Properties =
    [
        "incarnation", "hold-back", "owed gaps", "finality", "lane fence", "token", "idempotency", "total order",
        "sealing", "identity check",
    ];

    [Fact]
    public void Mutants_AllOfThem_SayWhatTheyBreakAndWhatKillsThem() =>
        Patches()
            .Where(patch => !Breaks().IsMatch(patch.Text) || !Property().IsMatch(patch.Text)
                || !Kill().IsMatch(patch.Text))
            .Select(patch => patch.Path)
            .ShouldBeEmpty("The header is: # breaks: a sentence, # property: words, # kill: PROJECT CLASS.METHOD");

    [Fact]
    public void Mutants_AllOfThem_NameATestThatExists()
    {
        var tests = Repository.CSharp.Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal))
            .SelectMany(file => file.Syntax.DescendantNodes().OfType<MethodDeclarationSyntax>())
            .Where(SourceTests.IsTest).Select(method => method.Identifier.Text).ToHashSet();
        var classes = Repository.CSharp
            .SelectMany(file => file.Syntax.DescendantNodes().OfType<ClassDeclarationSyntax>()
                .Select(type => (Project: file.Path.Split('/')[1], Class: type.Identifier.Text))).ToHashSet();
        var wrong = from patch in Patches()
                    let kill = Kill().Match(patch.Text).Groups
                    where !tests.Contains(kill["method"].Value)
                        || !classes.Contains((kill["project"].Value, kill["class"].Value))
                    select $"{patch.Path}: {kill["project"]} {kill["class"]}.{kill["method"]}";
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Properties_ThatMustNeverBeLost_HaveAMutantEach()
        => Properties.Except(Patches().Select(patch => Property().Match(patch.Text).Groups["name"].Value))
            .ShouldBeEmpty();

    [Fact]
    public void Mutants_AllOfThem_ChangeOneProjectOfTheProduct()
    {
        var wrong = from patch in Patches()
                    let folders = Changed().Matches(patch.Text).Select(match => match.Groups["folder"].Value).Distinct()
                    where folders.Count() != 1 || !folders.Single().StartsWith("src/", StringComparison.Ordinal)
                    select $"{patch.Path}: {string.Join(", ", folders)}";
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

    [GeneratedRegex(@"^# property: (?<name>[a-z]+([ -][a-z]+)*)$", RegexOptions.Multiline)]
    private static partial Regex Property();

    [GeneratedRegex(@"^# kill: (?<project>\w+) (?<class>\w+)\.(?<method>\w+)$", RegexOptions.Multiline)]
    private static partial Regex Kill();

    [GeneratedRegex(@"^\+\+\+ b/(?<folder>[^/\s]+/[^/\s]+)", RegexOptions.Multiline)]
    private static partial Regex Changed();
}
