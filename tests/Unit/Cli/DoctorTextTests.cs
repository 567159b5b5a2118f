using Pelago.Cli;

namespace Pelago.Tests.Unit;

/// <summary>What <c>doctor</c> prints for people.</summary>
public sealed class DoctorTextTests
{
    private static readonly string Long = "It is damaged: " + string.Join(' ', Enumerable.Repeat("word", 100));
    private static readonly string Command = "pelago regions stop x && mv '" + new string('d', 100) + "' y";

    [Fact]
    public void Show_LongFinding_IsBelowTheTableInOnePieceAndPadsNothing()
    {
        var lines = Show(
            new Finding("links", Finding.Good, "none cut", ""),
            new Finding("region us", Finding.Failed, Long, Command),
            new Finding("journals of us", Finding.Failed, "short", Command));

        lines.ShouldContain($"region us: {Long}");
        lines.ShouldContain("journals of us: short");
        lines.Count(line => line == Command).ShouldBe(1);
        var table = lines.TakeWhile(line => line.Length > 0).ToList();
        table.Count.ShouldBe(4);
        table.ShouldAllBe(line => line.TrimEnd().Length < 130);
        table[1].ShouldContain("It is damaged: word");
        table[1].ShouldContain("…  (below)");
        lines.Where(line => line != $"region us: {Long}").ShouldAllBe(line => line.Length < 180);
    }

    [Fact]
    public void Show_ShortFindings_AreATableAlone()
        => Show(new Finding("links", Finding.Failed, "cut", "pelago wan heal")).Count(line => line.Length > 0)
            .ShouldBe(2);

    private static List<string> Show(params Finding[] findings)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        DoctorVerb.Show(new Terminal(output, error, colourOutput: false, colourError: false), findings,
            OutputFormat.Table);
        return [.. output.ToString().Split('\n')];
    }
}
