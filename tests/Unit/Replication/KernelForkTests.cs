using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>Two different events under one name: the entity is quarantined, and stays so.</summary>
public sealed class KernelForkTests
{
    private static readonly Origin Peer = new("b", new Incarnation(1));
    private static readonly EventRecord One = Write(Peer, 1, 5, "one");
    private static readonly EventRecord Other = Write(Peer, 1, 5, "other");

    [Fact]
    public void Receive_OtherContentUnderTheSameNumber_IsAForkThatIsNotedAndNotTaken()
    {
        var kernel = Forked();

        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.Fork);
        kernel.Wait(600);
        var noted = kernel.Conflicts.ShouldHaveSingleItem();
        (noted.Kind, noted.Entity, noted.Origin, noted.Sequence).ShouldBe((ConflictKind.Fork, Entity, Peer, 1ul));
        kernel.Appended.ShouldBeEmpty();
        kernel.Kernel.Probes[Probe.Fork].ShouldBe(1);
    }

    [Fact]
    public void Receive_TheSameAgain_IsNoFork()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, One).Linked(1, "b", 0);

        Receive(kernel, Write(Peer, 1, 5, "one"));

        kernel.Kernel.Probes[Probe.DuplicateDropped].ShouldBe(1);
        kernel.Alarms.ShouldBeEmpty();
    }

    [Fact]
    public void Receive_OtherContentWhileOneIsHeldBack_IsAFork()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0);
        Receive(kernel, Write(Peer, 2, 6, "early"));

        Receive(kernel, Write(Peer, 2, 6, "other"));

        kernel.Wait(600).Conflicts.ShouldHaveSingleItem().Sequence.ShouldBe(2ul);
    }

    [Fact]
    public void Fork_Found_EntityIsNeitherReadNorWrittenAndTakesWhatOthersWrite()
    {
        var kernel = Forked();

        kernel.Write().Read();
        Receive(kernel, Write(Peer, 2, 8, "two"));

        kernel.Asked.OfType<CommandDone>().Single().Result.Failure!.Error.ShouldBe(ErrorCodes.EntityForked);
        kernel.Asked.OfType<ReadDone>().Single().Result.Failure!.Error.ShouldBe(ErrorCodes.EntityForked);
        kernel.Appended.ShouldHaveSingleItem().Sequence.ShouldBe(2ul);
        kernel.Kernel.Describe(kernel.Now).Parked.ShouldHaveSingleItem().Entity.ShouldBe(Entity);
    }

    [Fact]
    public void Fork_InTheLedger_KeepsTheEntityQuarantinedInTheNextProcess()
    {
        var fork = new ConflictRecord(Entity, ConflictKind.Fork, Peer, 1, 1_000, "a has one and received another");
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [fork], [], null, One);

        kernel.Kernel.Describe(kernel.Now).Parked.ShouldHaveSingleItem().Entity.ShouldBe(Entity);
        kernel.Read();

        var refused = kernel.Asked.OfType<ReadDone>().Single().Result.Failure!;
        refused.Error.ShouldBe(ErrorCodes.EntityForked);
        refused.Message.ShouldContain("received another");
        kernel.Alarms.ShouldBeEmpty("it was told when it was found");
    }

    [Fact]
    public void Fork_NotedInAGroupThatFails_IsNotedWithTheNext()
    {
        var kernel = Forked();
        kernel.FailGroups = true;
        kernel.Wait(600).Conflicts.ShouldBeEmpty();
        kernel.FailGroups = false;

        kernel.Wait(600).Wait(600).Conflicts.ShouldHaveSingleItem().Kind.ShouldBe(ConflictKind.Fork);
    }

    [Fact]
    public void Quarantine_Asked_IsNotedOnceAndAlarmed()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, One);

        kernel.Give(k => k.Quarantine(Entity, Peer, 1, "b has another", kernel.Now));
        kernel.Give(k => k.Quarantine(Entity, Peer, 1, "b has another", kernel.Now));

        kernel.Wait(600).Conflicts.ShouldHaveSingleItem().Reason.ShouldBe("b has another");
        kernel.Alarms.Single().Text.ShouldContain("b has another");
        kernel.Write().Asked.OfType<CommandDone>().Single().Result.Failure!.Error.ShouldBe(ErrorCodes.EntityForked);
    }

    private static TestKernel Forked()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, One).Linked(1, "b", 0);
        Receive(kernel, Other);
        return kernel;
    }

    private static void Receive(TestKernel kernel, EventRecord e)
        => kernel.Give(k => k.Received(1, new EventsFrame(Entity.Lane, Peer, [e], 0), kernel.Now));
}
