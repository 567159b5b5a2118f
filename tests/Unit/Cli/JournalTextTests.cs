using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.Unit.Cli;

/// <summary>What checks and counts of journals say to people, and how they end.</summary>
public sealed class JournalTextTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TroubleView Found = new("PLG4006", "In the journal, row 3 is damaged.", "Set it aside.");

    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    [Fact]
    public void Check_AllWhole_SaysSo()
    {
        JournalText.Check(Terminal, "demo/shop", [Run("us"), Run("eu")], OutputFormat.Table).ShouldBe(0);

        error.ToString().ShouldStartWith("The journals of demo/shop are whole.");
        output.ToString().Split('\n')[1].TrimEnd().ShouldBe("us      5     1.5      ok");
    }

    [Fact]
    public void Check_Damage_IsShownAndDecidesTheEnd()
    {
        var failed = Refusal([Run("us"), Run("eu") with { Damage = [Found, Found] }, Failed("ap")]);

        failed.Error.ShouldBe(ErrorCodes.JournalDamaged);
        failed.Message.ShouldBe("The journal of demo/shop in eu is damaged: In the journal, row 3 is damaged. "
            + "2 findings in all.");
        failed.Next.ShouldBe("Set it aside.");
        output.ToString().ShouldContain("eu      PLG4006  In the journal, row 3 is damaged.");
    }

    [Fact]
    public void Check_ARegionAway_IsPartlyDone()
    {
        var failed = Refusal([Run("us"), Failed("ap")]);

        failed.Error.ShouldBe(ErrorCodes.PartlyDone);
        failed.Message.ShouldContain("ap: It is away");
    }

    [Fact]
    public void Stats_Wide_ShowLanesToo()
    {
        var run = Run("us") with
        {
            Stats = new JournalStatsView(5, 20_480, 2, [4, 1], [new DataKeyView(1, "kek", Start, 5, 9)], Start,
                Start.AddMinutes(1), 1, 0, 0, 3) { SubjectKeys = 41 },
        };
        JournalText.Stats(Terminal, [run], OutputFormat.Wide).ShouldBe(0);

        var lines = output.ToString().Split('\n');
        lines[0].TrimEnd().ShouldEndWith("SUBJECT KEYS");
        lines[1].TrimEnd().ShouldEndWith(" 41");
        lines[1].ShouldContain("20 kB");
        lines.ShouldContain(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .SequenceEqual(new[] { "us", "1", "2030-01-01", "00:00:00Z", "kek", "5", "9" }));
        lines.ShouldContain(l => l.StartsWith("us      0     4", StringComparison.Ordinal));
    }

    [Fact]
    public void Compact_RowsRemoved_SaysHowMany()
    {
        var run = Run("us") with
        {
            Compaction = new CompactionView(120, 30, 4, new Dictionary<string, long> { ["ap"] = 2 }, null),
        };
        JournalText.Compact(Terminal, [run], OutputFormat.Table).ShouldBe(0);

        output.ToString().ShouldContain("us      120      30    4         ap (2)");
        error.ToString().ShouldStartWith("The rows are gone");
    }

    [Fact]
    public void Compact_NothingFinal_IsRefusedAndNamesTheRegion()
    {
        var run = Run("us") with
        {
            Compaction = new CompactionView(0, 30, 0, new Dictionary<string, long> { ["ap"] = 2 }, null),
        };
        var failed = Should.Throw<PelagoException>(() => JournalText.Compact(Terminal, [run], OutputFormat.Table));

        failed.Failure.Error.ShouldBe(ErrorCodes.CompactionTooEarly);
        failed.Failure.Message.ShouldContain("ap has not confirmed");
    }

    [Fact]
    public void Rekey_TriedOrDone_SaysUnderWhichKeys()
    {
        var run = Run("us") with { Renewal = new KeyRenewalView(3, "kek-2", 2) };
        JournalText.Rekey(Terminal, [run], OutputFormat.Table).ShouldBe(0);
        output.ToString().ShouldContain("us      3                   kek-2");
        error.ToString().ShouldStartWith("No row was written again.");
        Should.Throw<PelagoException>(() => JournalText.Rekey(Terminal, [run, Failed("ap")], OutputFormat.Table))
            .Failure.Error.ShouldBe(ErrorCodes.PartlyDone);

        run = run with { Stats = new JournalStatsView(5, 1, 2, [], [new DataKeyView(1, "kek-1", Start, 5, 9),
            new DataKeyView(3, "kek-1", Start, 0, 0)], null, null, 0, 0, 0, 0) };
        JournalText.RekeyForetold(Terminal, [run], kek: false);
        JournalText.RekeyForetold(Terminal, [run], kek: true);
        error.ToString().ShouldContain("us: would seal new rows under a key that comes after 3.");
        error.ToString().ShouldContain("us: would wrap 3 keys under a key that comes after kek-1.");
    }

    private Terminal Terminal => new(output, error, colourOutput: false, colourError: false);

    private Failure Refusal(IReadOnlyList<JournalRunView> runs) => Should.Throw<PelagoException>(
        () => JournalText.Check(Terminal, "demo/shop", runs, OutputFormat.Table)).Failure;

    private static JournalRunView Run(string region)
        => new(region, "Check", "Done", Start, Start.AddSeconds(1.5), 5) { Damage = [] };

    private static JournalRunView Failed(string region) => new(region, "Check", "Failed", Start, Start, 0)
    {
        Failure = new TroubleView("PLG6002", "It is away.", "Wait."),
    };
}
