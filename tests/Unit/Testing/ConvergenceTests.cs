using System.Numerics;
using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Testing;

public sealed class ConvergenceTests
{
    [Fact]
    public void Check_HandlerThatDoesNotCommute_PrintsTheSmallestCounterexample()
    {
        var check = Convergence.Of<LastArrived>()
            .Given(new Written("start"), new Noted("a"))
            .Region("us", us => us.Writes(new Noted("b"), new Written("x"), new Noted("c")))
            .Region("eu", eu => eu.Writes(new Noted("d"), new Noted("e")).Writes(new Written("y")))
            .Region("ap", ap => ap.Hears("us").Writes(new Written("z")));

        var found = Should.Throw<ConvergenceException>(() => check.Check());

        found.Events.Order().ShouldBe(["eu#1", "us#1"]);
        found.Message.ShouldContain("of 9 steps 2 are left");
        found.Message.ShouldContain("""us#1 written {"value":"x"} has seen nothing (clock +0 ms)""");
        found.Message.ShouldContain("""arriving as eu#1, us#1: {"value":"x"}""");
        found.Message.ShouldContain("""arriving as us#1, eu#1: {"value":"y"}""");
    }

    [Fact]
    public void Check_StateThatDependsOnWhatCameFirst_IsFound()
        => Should.Throw<ConvergenceException>(() => Convergence.Of<Surprised>()
            .Region("us", us => us.Writes(new Written("x")))
            .Region("eu", eu => eu.Writes(new Written("y"))).Check()).Events.Count.ShouldBe(2);

    [Fact]
    public void Check_HandlerThatIsRightAtEqualTimesOnly_IsFound()
        => Should.Throw<ConvergenceException>(() => Convergence.Of<WhenClocksAgree>()
            .Region("us", us => us.Writes(new Written("x")))
            .Region("eu", eu => eu.Writes(new Written("y"))).Check()).Events.Count.ShouldBe(2);

    [Fact]
    public void Check_HandlerThatAsksWhatTheAuthorHadSeen_Converges()
    {
        var report = Convergence.Of<Greatest>()
            .Given(new Written("m"))
            .Region("us", us => us.Writes(new Written("x"), new Written("a")))
            .Region("eu", eu => eu.Writes(new Written("y")).Hears("us").Writes(new Written("b")))
            .Region("ap", ap => ap.Writes(new Written("z")))
            .Check();

        report.IsSample.ShouldBeFalse();
        // Of us1 us2 eu1 ap1 12 orders; eu2 comes after us2 and eu1.
        report.Interleavings.ShouldBe(15);
        report.ToString().ShouldBe("6 events converge in all 15 orders of arrival.");
    }

    [Fact]
    public void Check_DataTypes_Converge()
    {
        var board = Board.Empty;
        var report = Convergence.Of<Board>()
            .Given(new BoardChanged("tag", "x"), new BoardChanged("grant", "x"), board.Lines.InsertAt(0, "1"))
            .Region("us", us => us.Writes(new BoardChanged("untag", "x"), new BoardChanged("vote", "k"))
                .WritesTogether(new BoardChanged("revoke", "x"), board.Lines.InsertAt(0, "2", "3")))
            .Region("eu", eu => eu.Writes(new BoardChanged("tag", "x"), new BoardChanged("unvote", "k"),
                board.Lines.InsertAt(0, "4", "5"), new BoardChanged("grant", "x")))
            .Region("ap", ap => ap.Hears("us").Writes(new BoardChanged("grant", "x"), new BoardChanged("set", "f")))
            .Check();

        report.IsSample.ShouldBeFalse();
    }

    [Fact]
    public void Check_OrderedType_ConvergesWithRefusals() => Convergence.Of<Till>()
        .Given(new Paid(10))
        .Region("us", us => us.Sends(new Pay(-8)).Sends(new Pay(3)))
        .Region("eu", eu => eu.Sends(new Pay(-7)).Sends(new Pay(-9)))
        .Check().Events.ShouldBe(4, "the last command is refused where it is given");

    [Fact]
    public void Check_MoreSetsThanTheLimit_IsASampleAndSaysSo()
    {
        var check = Convergence.Of<Greatest>();
        check.MaxSets = 100;
        foreach (var region in new[] { "a", "b", "c", "d" })
            check.Region(region, r => r.Writes([.. Enumerable.Range(0, 6).Select(i => new Written($"{region}{i}"))]));

        var report = check.Check();

        report.IsSample.ShouldBeTrue();
        report.Interleavings.ShouldBe(BigInteger.Parse("2308743493056")); // 24! / 6!^4
        report.ToString().ShouldBe("24 events converge in a sample of 4 of 2308743493056 orders of arrival.");
    }

    [Fact]
    public void Check_Sample_FindsAndShrinksToo()
    {
        var check = Convergence.Of<LastArrived>();
        check.MaxSets = 30;
        foreach (var region in new[] { "a", "b", "c", "d" })
            check.Region(region, r => r.Writes([.. Enumerable.Range(0, 4).Select(i => new Written($"{region}{i}"))]));

        Should.Throw<ConvergenceException>(() => check.Check()).Events.Count.ShouldBe(2);
    }

    [Fact]
    public void Check_StateLosesWhatItsJsonDoesNotShow_IsTheSameInEveryOrder()
        => Convergence.Of<Forgetful>().Region("us", us => us.Writes(new Written("abc"), new Written("d")))
            .Region("eu", eu => eu.Writes(new Written("ef"))).Check().Events.ShouldBe(3);

    [Fact]
    public void Check_StateThatReadsAnotherThanItWrites_IsNamed()
        => Should.Throw<TestKitException>(() => Convergence.Of<Lossy>().Region("us", us => us.Writes(new Lossy(1)))
            .Check()).Message.ShouldContain("does not survive its own JSON");
}
