using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Registers on whole kernels and journals: what a majority decides, and who may be part of it.</summary>
public sealed class RegisterScenarios
{
    private static readonly EntityKey Owner = new("pelago.test", "owner");

    [Fact]
    public void Register_ChangedInOneRegion_IsReadInAll()
    {
        var scene = Standing(3);
        Change(scene, scene.A, 0, "a").Outcome.ShouldBe(RegisterOutcome.Decided);

        foreach (var region in scene.Group.Regions)
            Text(Read(scene, region)).ShouldBe("a");

        var late = Change(scene, scene.B, 0, "b");
        (late.Outcome, Text(late)).ShouldBe((RegisterOutcome.Mismatch, "a"));
        Change(scene, scene.C, 1, "c").Value!.Version.ShouldBe(2ul);
    }

    [Fact]
    public void PartialCut_ThirdRegionReachesBoth_BothChangeIt()
    {
        var scene = Standing(3);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Group.Run(5_000);

        Change(scene, scene.A, 0, "a").Outcome.ShouldBe(RegisterOutcome.Decided);
        Text(Read(scene, scene.B)).ShouldBe("a");
        Change(scene, scene.B, 1, "b").Outcome.ShouldBe(RegisterOutcome.Decided);
        Text(Read(scene, scene.A)).ShouldBe("b");
    }

    [Fact]
    public void Partition_SmallerSide_HasNoQuorumAndSaysWhoDidNotAnswer()
    {
        var scene = Standing(3);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        scene.Group.Run(5_000);

        var alone = Read(scene, scene.A);
        Change(scene, scene.B, 0, "b").Outcome.ShouldBe(RegisterOutcome.Decided);

        alone.Outcome.ShouldBe(RegisterOutcome.NoQuorum);
        alone.Failure!.Error.ShouldBe(ErrorCodes.NoQuorum);
        alone.Failure.Message.ShouldContain(scene.B.Name);
        alone.Failure.Message.ShouldContain(scene.C.Name);
        alone.Failure.Message.ShouldNotContain(scene.A.Name);
        scene.Group.Network.Heal();
        scene.Group.Run(8_000);
        Text(Read(scene, scene.A)).ShouldBe("b");
    }

    [Fact]
    public void Restored_Region_HasNoVoteBeforeItHasCopiedFromTheOthers()
    {
        var scene = Standing(3);
        var before = scene.B.Disk.Writes;
        scene.C.Stop();
        Change(scene, scene.A, 0, "a").Outcome.ShouldBe(RegisterOutcome.Decided);
        scene.A.Stop();
        scene.B.Stop();
        scene.Group.Oracles.RolledBack(scene.B, scene.B.Disk.RollBack(before));

        scene.B.Start();
        scene.C.Start();
        scene.Group.Run(10_000);
        var forgotten = Read(scene, scene.C);
        scene.A.Start();
        scene.Group.Run(10_000);

        forgotten.Outcome.ShouldBe(RegisterOutcome.NoQuorum, "A alone knows what was decided");
        forgotten.Failure!.Message.ShouldContain($"{scene.B.Name} may not vote yet");
        Text(Read(scene, scene.C)).ShouldBe("a");
        Text(Read(scene, scene.B)).ShouldBe("a");
        Change(scene, scene.B, 1, "b").Outcome.ShouldBe(RegisterOutcome.Decided);
    }

    [Fact]
    public void Restored_RegionDiesOnceItsNewIncarnationIsOpen_StillHasNoVote()
    {
        var scene = Standing(3);
        scene.C.Stop();
        var before = scene.B.Disk.Writes;
        Change(scene, scene.A, 0, "a").Outcome.ShouldBe(RegisterOutcome.Decided);
        scene.A.Stop();
        scene.B.Stop();
        scene.Group.Oracles.RolledBack(scene.B, scene.B.Disk.RollBack(before));
        var incarnation = scene.B.Disk.State.Incarnation;

        scene.B.Start();
        scene.RunUntil(() => scene.B.Disk.State.Incarnation != incarnation, "the new incarnation");
        scene.B.Kill();
        scene.B.Start();
        scene.C.Start();
        scene.Group.Run(10_000);
        var forgotten = Read(scene, scene.C);
        scene.A.Start();
        scene.Group.Run(10_000);

        forgotten.Outcome.ShouldBe(RegisterOutcome.NoQuorum, "A alone knows what was decided");
        Text(Read(scene, scene.C)).ShouldBe("a");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Restored_RegionThatDied_HasNoVoteOnceAnotherShowsWhatItLost(bool writesAtOnce)
    {
        var scene = Standing(3);
        scene.Done(scene.B, Scene.Diary());
        scene.Converge();
        var before = scene.B.Disk.Writes;
        scene.Done(scene.B, Scene.Diary());
        scene.Converge();
        scene.A.Stop();
        Change(scene, scene.C, 0, "c").Outcome.ShouldBe(RegisterOutcome.Decided);
        scene.C.Stop();
        scene.B.Kill();
        scene.Group.Oracles.RolledBack(scene.B, scene.B.Disk.RollBack(before));

        scene.B.Start();
        if (writesAtOnce)
            scene.Done(scene.B, Scene.Diary("other")); // in a new life, of which nobody has anything yet
        scene.A.Start();
        scene.Group.Run(10_000);
        var forgotten = Read(scene, scene.A);
        scene.C.Start();
        scene.Group.Run(10_000);

        forgotten.Outcome.ShouldBe(RegisterOutcome.NoQuorum, "C alone knows what was decided");
        forgotten.Failure!.Message.ShouldContain($"{scene.B.Name} may not vote yet");
        Text(Read(scene, scene.A)).ShouldBe("c");
    }

    [Fact]
    public void Regions_AllDieAtOnce_RememberAndDecideAgain()
    {
        var scene = Standing(3);
        Change(scene, scene.A, 0, "a").Outcome.ShouldBe(RegisterOutcome.Decided);
        foreach (var region in scene.Group.Regions)
            region.Kill();
        scene.Group.Start();
        scene.Group.Run(8_000);

        Text(Read(scene, scene.C)).ShouldBe("a");
        Change(scene, scene.B, 1, "b").Outcome.ShouldBe(RegisterOutcome.Decided);
    }

    [Fact]
    public void Region_DiesWhileAnotherIsAway_VotesAgain()
    {
        var scene = Standing(3);
        scene.C.Stop();
        Change(scene, scene.A, 0, "a").Outcome.ShouldBe(RegisterOutcome.Decided);
        scene.B.Kill();
        scene.B.Start();
        scene.Group.Run(10_000);

        Text(Read(scene, scene.B)).ShouldBe("a");
        Change(scene, scene.A, 1, "b").Outcome.ShouldBe(RegisterOutcome.Decided);
    }

    [Fact]
    public void Lane_TakenOverByAnotherOwner_AnswersNothingFromMemory()
    {
        var scene = Standing(1);
        var entity = Enumerable.Range(0, 1_000).Select(n => Scene.Diary($"d{n}")).First(d => d.Lane == Owner.Lane);
        Change(scene, scene.A, 0, "a").Outcome.ShouldBe(RegisterOutcome.Decided);
        _ = new SimulatedJournal(scene.A.Disk).Take(Owner.Lane); // another process, which may change it by now
        scene.Write(scene.A, entity).Failure!.Error.ShouldBe(ErrorCodes.LaneFenced);

        Read(scene, scene.A).Outcome.ShouldBe(RegisterOutcome.NoQuorum);
    }

    [Fact]
    public void Federation_WithoutAVote_DecidesNothingByItself()
    {
        var scene = Standing(3, o => o with { Voters = [.. o.Members.Take(2)] });
        Change(scene, scene.C, 0, "c").Outcome.ShouldBe(RegisterOutcome.Decided);
        scene.B.Stop();
        scene.Group.Run(4_000);

        var result = Change(scene, scene.C, 1, "d");

        result.Outcome.ShouldBe(RegisterOutcome.NoQuorum);
        result.Failure!.Message.ShouldContain(scene.B.Name);
    }

    private static Scene Standing(int regions, Func<KernelOptions, KernelOptions>? adjust = null)
    {
        var scene = new Scene(regions, o => (adjust ?? (same => same))(o with { Voters = null }));
        scene.Group.Run(5_000);
        return scene;
    }

    private static RegisterResult Change(Scene scene, SimulatedRegion at, ulong version, string content)
        => Decide(scene, at, new RegisterChange(version, Encoding.UTF8.GetBytes(content)));

    private static RegisterResult Read(Scene scene, SimulatedRegion at) => Decide(scene, at, null);

    private static RegisterResult Decide(Scene scene, SimulatedRegion at, RegisterChange? change)
    {
        RegisterResult? result = null;
        SimulatedGroup.Decide(at, Owner, change, 4_000, r => result = r);
        scene.RunUntil(() => result is not null, "the register's answer", 6_000);
        return result!;
    }

    private static string Text(RegisterResult result)
        => result.Value is { } value ? Encoding.UTF8.GetString(value.Content.Span) : result.Outcome.ToString();
}
