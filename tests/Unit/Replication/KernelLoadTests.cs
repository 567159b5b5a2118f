using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>Entities that the journal shows late, in vain, or damaged, while groups fail.</summary>
public sealed class KernelLoadTests
{
    private static readonly Failure Broken = new(ErrorCodes.JournalUnavailable, "A page cannot be read.");

    private static readonly EntityKey Other = Enumerable.Range(0, 1_000).Select(i => new EntityKey("text", $"o{i}"))
        .First(e => e.Lane == Entity.Lane);

    [Fact]
    public void Load_AnsweredAfterALaterOne_GivesNoNumberTwice()
    {
        var one = Write(A, 1, 5, "one");
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, one).Linked(1, "b", 0)
            .Receive(1, 0, Write(B, 2, 9, "held", position: 9)).Idle(1_600, 1);
        kernel.Owed.ShouldHaveSingleItem();
        (kernel.FailGroups, kernel.HoldLoads) = (true, true);
        kernel.Write("lost").Give(k => k.Quarantine(Other, B, 1, "c has another", kernel.Now)).Wait(600);
        var asked = kernel.Asked.OfType<LoadEntity>().Where(l => l.Entity == Entity).ToArray();
        var old = new EntityImage(Entity, null, [new EventRow(one, 1, true)], []);
        kernel.FailGroups = false;
        kernel.Give(k => k.Loaded(old, false, kernel.Now)).Wait(200).Write("kept");
        var kept = kernel.Appended.Single();
        kernel.FailGroups = true;
        kernel.Write("lost, too").FailGroups = false;

        foreach (var late in asked.Skip(1)) // read before "kept" was written
            kernel.Give(k => k.Loaded(old, late.History, kernel.Now));
        kernel.Give(k => k.Loaded(
            old with { Rows = [new EventRow(one, 1, true), new EventRow(kept, 2, true)] }, false, kernel.Now));
        kernel.Write("next").Wait(200);

        kernel.Appended.Select(e => e.Sequence).ShouldBe([2ul, 3ul]);
    }

    [Fact]
    public void Load_FailsAndFails_NobodyWaitsForItAndTheOthersGoOn()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean) { HoldLoads = true }.Linked(1, "b", 0);
        kernel.Write().Read().Receive(1, 7, Write(B, 1, 8, "theirs", position: 7));

        Fail(kernel, 6_000);

        kernel.Asked.OfType<CommandDone>().Single().Result.Failure.ShouldBe(Broken);
        kernel.Asked.OfType<ReadDone>().Single().Result.Failure.ShouldBe(Broken);
        kernel.Owed.ShouldHaveSingleItem().ShouldBe(new Owed(Entity, B, 1, 7));
        kernel.Write().Asked.OfType<CommandDone>().Count().ShouldBe(2, "at once");
        kernel.Alarms.Count(a => a.Kind == AlarmKind.JournalFailed).ShouldBe(1);

        Fail(kernel, 6_000); // and is then asked for again
        kernel.Load().Write("mine").Idle(1_000, 1);

        kernel.Appended.ShouldHaveSingleItem().Sequence.ShouldBe(1ul);
    }

    [Fact]
    public void Load_FindsDamageWhereEventsWait_AppendsNothing()
    {
        var kernel = HalfABatch();
        (kernel.FailGroups, kernel.HoldLoads) = (true, true);
        kernel.Receive(1, 9, Write(B, 2, 9, "second", index: 1, length: 2, position: 9));
        (kernel.FailGroups, kernel.Damage) = (false, Broken);

        kernel.Load().Idle(500);

        kernel.Appended.ShouldBeEmpty("nobody knows which number a row would have");
        kernel.Kernel.Describe(kernel.Now).Lanes[Entity.Lane].Held.ShouldBe(2);
    }

    [Fact]
    public void Groups_FailAgainAndAgain_AreNotTriedInALoop()
    {
        var kernel = HalfABatch();
        (kernel.FailGroups, kernel.HoldGroups) = (true, true);
        kernel.Receive(1, 9, Write(B, 2, 9, "second", index: 1, length: 2, position: 9));
        var groups = 0;
        for (var i = 0; i < 50 && kernel.Asked.OfType<AppendGroup>().Any(); i++, groups++)
            kernel.Commit();

        groups.ShouldBe(1);
        (kernel.FailGroups, kernel.HoldGroups) = (false, false);
        kernel.Wait(200).Appended.Count().ShouldBe(2);
    }

    private static void Fail(TestKernel kernel, long milliseconds)
    {
        for (; milliseconds > 0; milliseconds -= 100)
        {
            foreach (var load in kernel.Asked.OfType<LoadEntity>().ToArray())
            {
                kernel.Asked.Remove(load);
                kernel.Give(k => k.LoadFailed(load.Entity, Broken, kernel.Now));
            }
            kernel.Idle(100, 1);
        }
    }

    // The first event of two is held back, and durably owed.
    private static TestKernel HalfABatch()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, Write(A, 1, 5, "one")).Linked(1, "b", 0)
            .Receive(1, 8, Write(B, 1, 8, "first", index: 0, length: 2, position: 8)).Idle(1_600, 1);
        kernel.Owed.ShouldHaveSingleItem();
        return kernel;
    }
}
