using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>What goes with a group, what a failed one takes along, and whose turn it is.</summary>
public sealed class KernelGroupTests
{
    private static readonly EventRecord Theirs = Write(B, 1, 8, "theirs", position: 7);

    [Fact]
    public void Command_WaitsForANewLifeAndWhatItSawIsGone_WaitsForThatAgain()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Unclean) { HoldGroups = true };
        kernel.Linked(1, "b", 0).Receive(1, 7, Theirs); // not durable yet
        kernel.Give(k => k.Submit(TestKernel.Command(
            "mine", condition: new ReadCondition([new VersionVector.Slot(B, 1)], [])), kernel.Now));
        (kernel.FailGroups, kernel.HoldGroups) = (true, false);
        kernel.Commit().FailGroups = false;
        kernel.Wait(200); // what the journal may lack is noted first, with a group that failed
        kernel.Asked.OfType<OpenIncarnation>().ShouldHaveSingleItem();
        kernel.Give(k => k.IncarnationOpened(kernel.Now)).Wait(200);
        kernel.Appended.ShouldBeEmpty("its token names an event that is not here any more");

        kernel.Linked(2, "b", 0).Receive(2, 7, Theirs).Wait(200);

        kernel.Appended.Count().ShouldBe(2);
        kernel.Appended.Last().Vector[B].ShouldBe(1ul);
    }

    /// <summary>"default" is what an effect is when nobody made it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Command_WhoseHandlerDecidesNothing_Fails(bool nothing)
    {
        var kernel = new TestKernel(["a"], Continuity.Clean);

        kernel.Give(k => k.Submit(new CommandRequest
        {
            Entity = Entity, DeadlineMilliseconds = 9_000, Command = "",
            Handle = (_, _, _) => nothing ? null! : new Decision(null!, _ => null, null, []),
        }, kernel.Now)).Write();

        kernel.Asked.OfType<CommandDone>().Select(d => d.Result.Failure?.Error)
            .ShouldBe([ErrorCodes.CommandFailed, null]);
    }

    [Fact]
    public void Read_AnsweredAfterTheLinksBeganAnew_NamesThePositionOfWhatItSaw()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean) { HoldGroups = true };
        kernel.Linked(1, "b", 0).Accepted(7, "b").Receive(1, 7, Theirs).Read();
        kernel.Give(k => k.Received(7, new SubscribeFrame(Entity.Lane, A, 99, Stop: false), kernel.Now));
        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.OwnEventBeyondSeen);

        kernel.Commit();

        kernel.Asked.OfType<ReadDone>().ShouldHaveSingleItem().Result.Points
            .ShouldBe([new WritePoint(Entity, B, 1, Entity.Lane, 7)]);
    }

    [Fact]
    public void Conflict_NotedInAGroupThatFails_IsNotedWithTheNext()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, Write(A, 1, 5, "stop")).Linked(1, "b", 0)
            .Receive(1, 7, Write(B, 1, 8, "!", position: 7));
        kernel.Appended.ShouldHaveSingleItem();
        kernel.FailGroups = true;
        kernel.Wait(600).Conflicts.ShouldBeEmpty();
        kernel.FailGroups = false;

        kernel.Wait(600).Wait(600).Conflicts.ShouldHaveSingleItem().Kind.ShouldBe(ConflictKind.RefusedByFold);
    }

    [Fact]
    public void Replies_RememberedAndForgottenInOneGroup_AreNotLeftInTheJournal()
    {
        var kernel = new TestKernel(["a"], Continuity.Clean, [], [], o => o with { MaxEventlessReplies = 3 });
        kernel.Give(k =>
        {
            for (var i = 1; i <= 8; i++)
                k.Submit(Keyed($"k{i}"), kernel.Now);
        });
        var journal = new HashSet<string>();
        foreach (var batch in kernel.Batches)
        {
            journal.ExceptWith(batch.Forgotten.Select(f => f.IdempotencyKey));
            journal.UnionWith(batch.Replies.Select(r => r.IdempotencyKey));
        }

        journal.ShouldBe(["k6", "k7", "k8"], ignoreOrder: true);
    }

    [Fact]
    public void Lane_WithMoreRowsThanAGroupTakes_HasItsTurnWhileOthersAreBusy()
    {
        var busy = Enumerable.Range(0, 1_000).Select(i => new EntityKey("text", $"o{i}"))
            .First(e => e.Lane < Entity.Lane);
        var kernel = new TestKernel(["a"], Continuity.Clean, [], [], o => o with { MaxGroupRows = 4 })
        {
            HoldGroups = true,
        };
        kernel.Give(k => k.Submit(TestKernel.Command("busy", busy), kernel.Now));
        for (var i = 0; i < 5; i++)
            kernel.Write("many");

        for (var i = 0; i < 4; i++)
            kernel.Give(k => k.Submit(TestKernel.Command("busy", busy), kernel.Now)).Commit();

        kernel.Appended.Count(e => e.Entity == Entity).ShouldBe(5);
        kernel.Appended.Count(e => e.Entity == busy).ShouldBeGreaterThan(2);
    }

    private static CommandRequest Keyed(string key) => new()
    {
        Entity = Entity, Command = "", IdempotencyKey = key,
        Handle = (_, _, _) => new Decision([], _ => "nothing", null, []),
        EncodeReply = (_, _) => [1], DecodeReply = _ => "nothing", DeadlineMilliseconds = 9_000,
    };
}
