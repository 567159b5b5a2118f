using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pelago.Tests.Tidy;

/// <summary>The table of behaviours, and the page of promises, name tests that exist.</summary>
public sealed partial class ScenarioTests
{
    private const string Table = "docs/internals/scenarios.md";
    private const string Promises = "docs/guide/consistency.md";

    [Theory]
    [InlineData(Table)]
    [InlineData(Promises)]
    public void Table_EveryNamedTest_Exists(string page)
        => Named(page).Except(Tests("tests/")).ShouldBeEmpty($"{page} names tests that are not there");

    [Fact]
    public void Promises_EachOfThem_NamesATest()
    {
        var rows = Repository.File(Promises).Lines.Where(line => Promise().IsMatch(line)).ToArray();

        rows.Length.ShouldBeGreaterThan(30);
        rows.Where(line => !Test().IsMatch(line)).ShouldBeEmpty();
    }

    [Fact]
    public void Table_EveryRow_NamesATest()
        => Repository.File(Table).Lines.Where(line => Row().IsMatch(line) && !Test().IsMatch(line)).ShouldBeEmpty();

    private static HashSet<string> Named(string page) => [.. Test().Matches(Repository.File(page).Text)
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

    // A row that is neither a table's head nor the line below it.
    [GeneratedRegex(@"^\| (?!promise \||---)")]
    private static partial Regex Promise();
}
