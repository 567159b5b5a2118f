using Pelago.Cli;
using Pelago.Model;

namespace Pelago.Tests.Unit.Cli;

/// <summary>What the erasure of a subject says to people, and how it ends.</summary>
public sealed class SubjectTextTests
{
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    [Fact]
    public void Show_EveryRegionConfirmed_IsDone()
    {
        SubjectText.Show(Terminal, [Region("us", "Forgotten"), Region("eu", "Forgotten")], 2, OutputFormat.Json)
            .ShouldBe(0);

        output.ToString().ReplaceLineEndings("\n").ShouldBe("""
            [
              {
                "region": "us",
                "state": "Forgotten",
                "message": ""
              },
              {
                "region": "eu",
                "state": "Forgotten",
                "message": ""
              }
            ]

            """.ReplaceLineEndings("\n"));
        error.ToString().ShouldStartWith("Every region has deleted the subject's keys");
    }

    [Fact]
    public void Show_RegionsThatHaveNotConfirmed_ArePartlyDoneAndNamed()
    {
        SubjectRegion[] found =
            [Region("us", "Forgotten"), Region("eu", "Known"), Region("ap", "Unreachable") with { Message = "Gone." }];
        var failed = Should.Throw<PelagoException>(() => SubjectText.Show(Terminal, found, 3, OutputFormat.Table))
            .Failure;

        failed.Error.ShouldBe(ErrorCodes.PartlyDone);
        failed.Message.ShouldEndWith("eu has not heard of it yet; ap is not reachable (Gone).");
        failed.Next.ShouldContain("until then it can read what is sealed");
        output.ToString().ShouldContain("us      Forgotten");
    }

    [Fact]
    public void Show_AsManyRegionsAsWereAskedFor_IsDoneAndNamesTheOthers()
    {
        SubjectRegion[] found = [Region("us", "Forgotten"), Region("eu", "Known"), Region("ap", "Forgotten")];

        SubjectText.Show(Terminal, found, 2, OutputFormat.Table).ShouldBe(0);

        error.ToString().ShouldContain("eu has not heard of it yet");
    }

    [Theory]
    [InlineData(null, 3)]
    [InlineData("local", 1)]
    [InlineData("majority", 2)]
    [InlineData("3", 3)]
    [InlineData("4", 0)]
    public void Level_OfAnErasure_IsEveryRegionUnlessSaidOtherwise(string? level, int needed)
    {
        SubjectRegion[] found = [Region("us", "Known"), Region("eu", "Known"), Region("ap", "Unreachable")];
        if (needed > 0)
            SubjectErasure.RequireLevel(found, level).ShouldBe(needed);
        else
            Should.Throw<PelagoException>(() => SubjectErasure.RequireLevel(found, level))
                .Failure.Error.ShouldBe(ErrorCodes.LevelImpossible);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("all")]
    [InlineData("2.0")]
    [InlineData("")]
    public void Level_ThatIsNone_IsNone(string level) => SubjectErasure.RegionsOf(level, 3).ShouldBeNull();

    [Fact]
    public void Require_NobodyKnowsTheSubject_IsRefusedUnlessForced()
    {
        SubjectRegion[] found = [Region("us", "Unknown"), Region("ap", "Unreachable")];
        var failed = Should.Throw<PelagoException>(() => SubjectErasure.RequireKnown(found, force: false)).Failure;

        failed.Error.ShouldBe(ErrorCodes.SubjectUnknown);
        failed.Message.ShouldContain("ap could not be asked");
        Should.NotThrow(() => SubjectErasure.RequireKnown(found, force: true));
        Should.NotThrow(() => SubjectErasure.RequireKnown([Region("us", "Unknown"), Region("eu", "Known")], false));
    }

    [Fact]
    public void Foretell_Anything_ChangesNothingAndSaysSo()
    {
        SubjectText.Foretell(Terminal, [Region("us", "Known")], OutputFormat.Table).ShouldBe(0);
        SubjectText.Foretell(Terminal, [Region("us", "Forgotten")], OutputFormat.Table).ShouldBe(0);

        error.ToString().ShouldContain("would be deleted in every region");
        error.ToString().ShouldContain("nothing would change");
    }

    private Terminal Terminal => new(output, error, colourOutput: false, colourError: false);

    private static SubjectRegion Region(string name, string state) => new(name, state, "");
}
