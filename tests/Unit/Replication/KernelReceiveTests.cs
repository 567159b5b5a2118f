using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>What a receiver does with events that it cannot take.</summary>
public sealed class KernelReceiveTests
{
    private static readonly Failure Damage = new(ErrorCodes.EntityParked, "A row cannot be opened.");

    [Fact]
    public void Receive_EntityDamaged_IsOwedAndNotAppended()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean) { Damage = Damage }.Linked(1, "b", 0);
        var e = Write(new Origin("b", new Incarnation(1)), 1, 5, "one");

        kernel.Give(k => k.Received(1, new EventsFrame(Entity.Lane, e.Origin, [e], e.OriginPosition), kernel.Now));

        kernel.Kernel.Probes[Probe.PassedOver].ShouldBe(1);
        kernel.Appended.ShouldBeEmpty();
        kernel.Owed.ShouldHaveSingleItem().ShouldBe(new Owed(Entity, e.Origin, 1, e.OriginPosition));
    }

    // As if frames of one lane had been sent in another order than they were made in.
    [Fact]
    public void Claim_BeyondWhatWasSentBefore_EndsTheLinkAndIsNotFollowed()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0);
        kernel.Give(k => k.Received(1, new EventsFrame(
            Entity.Lane, B, [Write(B, 1, 5, "one", position: 1)], 1) { Span = 2 }, kernel.Now));
        kernel.Asked.OfType<SendFrame>().Where(s => s.Frame is GoodbyeFrame).ShouldBeEmpty();

        var later = Write(B, 2, 7, "three", position: 3);
        kernel.Give(k => k.Received(1, new EventsFrame(Entity.Lane, B, [later], 3) { Span = 2 }, kernel.Now));

        kernel.Sent<GoodbyeFrame>(1).ShouldHaveSingleItem().Reason.ShouldBe("protocol");
        kernel.Alarms.ShouldHaveSingleItem().Text.ShouldContain("skipped positions 2 to 2");
        kernel.Linked(2, "b", 0).Sent<SubscribeFrame>(2).Single(s => s.Lane == Entity.Lane && s.Origin.Equals(B))
            .After.ShouldBe(1ul, "what lies between is asked for again");
    }

    // Nothing that comes is taken there any more, so what comes next is no jump of the peer's.
    [Fact]
    public void Events_InALaneThatAnotherInstanceHasTakenOver_AreLeftAndTheLinkStands()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0);
        kernel.HoldGroups = true;
        kernel.Write();
        kernel.Give(k => k.Committed([new LaneCommit(CommitOutcome.Fenced, 0, 0)], kernel.Now));
        kernel.Linked(2, "b", 0);
        foreach (var position in new ulong[] { 1, 2, 3 })
        {
            kernel.Give(k => k.Received(2, new EventsFrame(Entity.Lane, B,
                [Write(B, position, 5, "theirs", position: position)], position) { Span = 2 }, kernel.Now));
        }

        kernel.Sent<GoodbyeFrame>(2).ShouldBeEmpty();
        kernel.Alarms.ShouldNotContain(a => a.Kind == AlarmKind.Protocol);
        kernel.Appended.ShouldBeEmpty();
    }

    [Fact]
    public void Entity_WhoseFirstStateFails_IsParkedAlone()
    {
        var odd = new EntityKey("text", "odd"); // an id is what a client sends
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0);

        kernel.Give(k => k.Submit(TestKernel.Command("word", odd), kernel.Now));
        kernel.Receive(1, 7, Write(B, 1, 8, "theirs", position: 7, entity: odd)).Write();

        kernel.Asked.OfType<CommandDone>().Select(d => d.Result.Failure?.Error)
            .ShouldBe([ErrorCodes.EntityParked, null]);
        kernel.Appended.Select(e => e.Entity).ShouldBe([odd, Entity], "what others wrote is kept");
    }

    [Fact]
    public void Read_WaitsForAPositionWhileItsEntityIsReadAgain_IsAnsweredFromWhatTheJournalHolds()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, Write(A, 1, 5, "one")).Linked(1, "b", 0);
        var b = new Origin("b", new Incarnation(1));
        kernel.Give(k => k.Read(new ReadRequest
        {
            Entity = Entity, Project = view => view.State, Condition = new ReadCondition([], [new Frontier(b, 7, 7)]),
            DeadlineMilliseconds = 9_000,
        }, kernel.Now));
        (kernel.FailGroups, kernel.HoldLoads) = (true, true);
        kernel.Write("lost"); // the entity is read again, and the link begins anew
        kernel.FailGroups = false;
        kernel.Linked(2, "b", 0);

        kernel.Give(k => k.Received(2, new EventsFrame(Entity.Lane, b, [], 7), kernel.Now));

        kernel.Asked.OfType<ReadDone>().ShouldBeEmpty(); // the position is reached, the entity is not here
        kernel.Load();
        kernel.Asked.OfType<ReadDone>().ShouldHaveSingleItem().Result.Value.ShouldBe("one ");
    }
}
