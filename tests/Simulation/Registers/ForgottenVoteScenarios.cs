using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What a voter copies and remembers before it votes again, each shown by the one order of events in which two
/// values would be decided otherwise.</summary>
public sealed class ForgottenVoteScenarios
{
    // "z" and "n" have no vote. A ballot of a later name is higher than the first one of an earlier name.

    [Fact]
    public void Lost_PromiseThatNobodyHasUsedYet_IsCopiedFromTheOthers()
    {
        var group = new ScriptedVoters(["p", "q", "v"], ["z"]);
        var lower = group["p"].Ask(0, "p");
        group.Deliver(s => s.IsBetween("p", "v") && s.Is(RegisterStep.Prepare)); // it accepts its own value, alone
        var higher = group["z"].Ask(0, "z");
        group.Deliver(s => (s.IsBetween("z", "v") || s.IsBetween("z", "q")) && s.Is(RegisterStep.Prepare));
        group.Lose("v");
        Enrol(group, "v", "p", "q"); // of the higher one it finds a promise, and nothing that was accepted

        group.Pass(600);
        group.Deliver(s => s.IsBetween("p", "v") && s.Is(RegisterStep.Accept));
        group.Deliver(s => (s.IsBetween("z", "v") || s.IsBetween("z", "q")) && s.Is(RegisterStep.Accept));

        lower.Text.ShouldBe("", "what was promised to the higher one holds in the new life, too");
        higher.Text.ShouldBe("Decided 1 z");
    }

    [Theory]
    [InlineData(2, 1, false)]
    [InlineData(3, 1, true)]
    [InlineData(12, 1, true)]
    [InlineData(13, 0, true)]
    public void Copied_MoreRegistersThanThereMayBe_AreRefusedAndItDoesNotVote(int registers, int lanes, bool alarmed)
    {
        var group = new ScriptedVoters(["p", "q", "v"], [], registerBytes: 1_024);
        group.Lose("v");
        RegisterRecord[] many = [.. Enumerable.Range(0, 9_999).Select(i => new Model.EntityKey("pelago.test", $"m{i}"))
            .Where(k => k.Lane == ScriptedVoters.Register.Lane).Take(registers)
            .Select(k => new RegisterRecord(k, new RegisterState(
                new Ballot(1, 1, "p", new Model.Incarnation(1)), default, null)))];
        foreach (var peer in new[] { "p", "q" })
        {
            var enrol = (EnrolFrame)group.Sent.First(s => s.From == "v" && s.To == peer).Frame;
            group["v"].Enter(r => r.Received(peer, 1, new EnrolledFrame(
                enrol.Request, enrol.Lane, Remembers: true, null, [], many, More: false)));
        }

        group["v"].StandingLanes.ShouldBe(lanes);
        group["v"].Alarms.Contains(AlarmKind.RegistersFull).ShouldBe(alarmed);
    }

    [Fact]
    public void Lost_ValueThatWasCopied_IsNobodysVote()
    {
        var group = new ScriptedVoters(["p", "q", "v"], ["n", "z"]);
        group["p"].Ask(0, "p");
        group.Deliver(s => s.IsBetween("p", "v") && s.Is(RegisterStep.Prepare)); // it accepts its own value, alone
        var change = group["z"].Ask(0, "z");
        group.Deliver(s => (s.IsBetween("z", "v") || s.IsBetween("z", "q")) && s.Is(RegisterStep.Prepare));
        group.Lose("v");
        Enrol(group, "v", "p", "q");

        var read = group["n"].Ask(null);
        group.Deliver(s => (s.IsBetween("n", "v") || s.IsBetween("n", "p")) && s.Is(RegisterStep.Read));
        read.Text.ShouldBe("", "one of the two that hold it has copied it");
        group.Pass(600);
        group.Deliver(s => (s.IsBetween("z", "v") || s.IsBetween("z", "q")) && s.Is(RegisterStep.Accept));

        change.Text.ShouldBe("Decided 1 z");
        Settle(group);
        read.Text.ShouldBe("Decided 1 z");
    }

    [Fact]
    public void Died_WhoHasTakenNoteOfANewLife_KnowsItAfterwards()
    {
        var group = new ScriptedVoters(["v", "x", "y"], ["n"], patience: 5_000);
        var lower = group["n"].Ask(0, "n");
        group.Deliver(s => (s.IsBetween("n", "v") || s.IsBetween("n", "x")) && s.Is(RegisterStep.Prepare));
        group.Deliver(s => s.IsBetween("n", "v") && s.Is(RegisterStep.Accept)); // one vote, which is about to be lost
        group.Lose("v");
        group.Kill("x");
        group.Deliver(s => s.IsBetween("v", "y") && s.IsOfEnrolment);
        group.Deliver(s => s.IsBetween("x", "y") && s.IsOfEnrolment); // by which it hears of the new life
        Enrol(group, "v", "x");
        group.Kill("x");
        group.Pass(6_000);
        Enrol(group, "x", "v");

        var higher = group["y"].Ask(0, "y");
        group.Deliver(s => s.IsBetween("y", "v") && s.Frame is RegisterAskFrame or RegisterAnswerFrame);
        higher.Text.ShouldBe("Decided 1 y");
        group.Pass(600);
        group.Deliver(s => s.IsBetween("n", "x"));

        lower.Text.ShouldBe("", "the vote of the lost life counts no more");
    }

    // Nothing in the journal tells that it is an older one, and the life that it begins is later than what it forgot.
    [Fact]
    public void Died_CopyOfBeforeItsLastLifePutBack_DoesNotVoteOnWhatItHolds()
    {
        var group = new ScriptedVoters(["a", "b", "c"], ["n"], patience: 500);
        var copy = group["a"].Disk.Writes;
        group.Kill("a");
        Enrol(group, "a", "b", "c");
        var change = group["n"].Ask(0, "n");
        group.Deliver(s => s.IsBetween("n", "a") || s.IsBetween("n", "c"));
        change.Text.ShouldBe("Decided 1 n");
        group["a"].Disk.RollBack(copy);
        group.Kill("a");

        for (var i = 0; i < 10; i++)
        {
            group.Deliver(s => s.IsBetween("a", "b") && s.IsOfEnrolment);
            group.Pass(600);
        }
        group["a"].StandingLanes.ShouldBe(0, "b had noted a life that this journal does not know");
        group.Kill("a");
        for (var i = 0; i < 10; i++)
        {
            group.Deliver(s => s.IsBetween("a", "b") && s.IsOfEnrolment);
            group.Pass(600);
        }
        group["a"].StandingLanes.ShouldBe(0, "nor after another death");
        Enrol(group, "a", "b", "c");

        group["a"].StandingLanes.ShouldBe(1);
        var read = group["n"].Ask(null);
        group.Deliver(s => s.IsBetween("n", "a") || s.IsBetween("n", "b"));
        Settle(group);
        read.Text.ShouldBe("Decided 1 n");
    }

    [Fact]
    public void Lost_CopyThatCouldNotBeStored_IsNotTakenForStored()
    {
        var group = new ScriptedVoters(["v", "x", "y"], ["n"]);
        var change = group["n"].Ask(0, "n");
        group.Deliver(s => s.IsBetween("n", "v") || s.IsBetween("n", "x"));
        change.Text.ShouldBe("Decided 1 n");
        group.Sent.RemoveAll(s => s.To == "y"); // which never hears of it
        group.Lose("v");
        group["v"].Disk.Full = true;
        group.Deliver(s => (s.IsBetween("v", "x") || s.IsBetween("v", "y")) && s.IsOfEnrolment);
        group["v"].Disk.Full = false;
        group.Kill("x"); // and tells of its new life, which is noted
        group.Deliver(s => s is { From: "x", To: "v" } && s.IsOfEnrolment);
        group.Stop("v");

        var read = group["n"].Ask(null);
        for (var i = 0; i < 5; i++)
        {
            group.Deliver(s => s.IsBetween("v", "x") || s.IsBetween("n", "v") || s.IsBetween("n", "y"));
            group.Pass(600);
        }
        read.Text.ShouldBe("Decided 1 n");
    }

    [Fact]
    public void Lost_TwoOfFive_DoNotTakeForWholeWhatTheOtherHadNotCopiedYet()
    {
        var group = new ScriptedVoters(["a", "b", "c", "v", "x"], ["n"]);
        group["c"].Ask(0, "one");
        Settle(group);
        var change = group["c"].Ask(1, "two");
        group.Deliver(s => s.IsBetween("c", "v") || s.IsBetween("c", "x"));
        change.Text.ShouldBe("Decided 2 two");
        group.Lose("x");
        group.Lose("v");

        group.Deliver(s => s.IsBetween("x", "a") && s.IsOfEnrolment);
        group.Deliver(s => s.IsBetween("v", "x") && s.IsOfEnrolment);
        Enrol(group, "x", "a", "b", "c");
        for (var i = 0; i < 5; i++)
        {
            group.Pass(1_000);
            group.Deliver(s => (s.IsBetween("v", "x") || s.IsBetween("v", "a") || s.IsBetween("v", "b"))
                && s.IsOfEnrolment);
        }
        group["v"].StandingLanes.ShouldBe(1);

        var read = group["n"].Ask(null);
        for (var i = 0; i < 5; i++)
        {
            group.Deliver(s => s.IsBetween("n", "v") || s.IsBetween("n", "a") || s.IsBetween("n", "b"));
            group.Pass(600);
        }
        read.Text.ShouldBe("Decided 2 two");
    }

    private static void Enrol(ScriptedVoters group, string name, params string[] others)
    {
        for (var i = 0; i < 5; i++)
        {
            group.Deliver(s => s.IsOfEnrolment && others.Any(o => s.IsBetween(name, o)));
            if (group[name].StandingLanes == 1)
                return;
            group.Pass(1_000);
        }
        group[name].StandingLanes.ShouldBe(1, $"{name} may vote again");
    }

    private static void Settle(ScriptedVoters group)
    {
        for (var i = 0; i < 20; i++)
        {
            group.Deliver(_ => true);
            group.Pass(600);
        }
    }
}
