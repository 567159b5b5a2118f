using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pelago.Tests.Tidy;

/// <summary>The table of behaviours names tests that exist.</summary>
public sealed partial class ScenarioTests
{
    private const string Table = "docs/internals/scenarios.md";

    [Fact]
    public void Table_EveryNamedTest_Exists()
        => Named().Except(Tests("tests/")).ShouldBeEmpty($"{Table} names tests that are not there");

    [Fact]
    public void Table_EveryRow_NamesATest()
        => Repository.File(Table).Lines.Where(line => Row().IsMatch(line) && !Test().IsMatch(line)).ShouldBeEmpty();

    private static HashSet<string> Named() => [.. Test().Matches(Repository.File(Table).Text)
        .Select(match => match.Groups["test"].Value)];

    private static HashSet<string> Tests(string below) => [.. Repository.CSharp
        .Where(file => file.Path.StartsWith(below, StringComparison.Ordinal))
        .SelectMany(file => file.Syntax.DescendantNodes().OfType<MethodDeclarationSyntax>())
        .Where(SourceTests.IsTest)
        .Select(method => $"{((ClassDeclarationSyntax)method.Parent!).Identifier.Text}.{method.Identifier.Text}")];

    [GeneratedRegex(@"`(?<test>\w+\.\w+_\w+)`")]
    private static partial Regex Test();

    [GeneratedRegex(@"^\| \d+ \|")]
    private static partial Regex Row();
}
