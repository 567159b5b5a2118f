using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>A primary whose journal lacks what it had confirmed, and that learns of it after a write has begun another
/// life of the journal.</summary>
public sealed class KernelRecoveryTests
{
    private const long ToB = 1;
    private const long ToC = 2;

    private static readonly EventRecord[] Stored = [Write(A, 1, 5, "one"), Write(A, 2, 6, "two")];

    [Fact]
    public void Hello_OfAPeer_IsAnsweredWithWhatIsHeldOfEachOfItsLives()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(ToB, "b", 0)
            .Receive(ToB, 3, Write(B, 1, 5, "one", position: 3));
        var next = new Origin("b", new Incarnation(9));
        kernel.Give(k =>
        {
            k.LinkOpened(7, "b", dialled: false, kernel.Now);
            k.Received(7, new HelloFrame("b", Guid.Empty, new Incarnation(60), next, next, 1,
                new ulong[EntityKey.Lanes], []), kernel.Now);
        });

        kernel.Sent<HelloFrame>(7).ShouldHaveSingleItem().Holdings
            .ShouldBe([new LaneHolding(Entity.Lane, B, 3)], "its journal may have lost that");
    }

    [Fact]
    public void Hello_NamesMoreOfAFormerLifeThanIsHere_ThePrimaryIsNotSureOfItselfBeforeItIs()
    {
        var kernel = Begun().Linked(ToB, "b", holds: 3, leases: true).Linked(ToC, "c", 0, leases: true);
        ReportAll(kernel, ToB, "b", holds: 3);
        ReportAll(kernel, ToC, "c", holds: 2);
        Lease(kernel);
        Read(kernel).ShouldBeNull("what it had confirmed may be what is missing");

        kernel.Receive(ToB, 3, Write(A, 3, 7, "three"));
        Lease(kernel);

        Read(kernel).ShouldBe("one two three ");
    }

    // The hello comes while the next life is being opened.
    [Fact]
    public void Hello_NamesMoreOfTheLifeThatIsJustBeingEnded_ThePrimaryIsNotSureOfItselfBeforeItIs()
    {
        var kernel = Wanting().Linked(ToB, "b", holds: 3, leases: true);
        kernel.Give(k => k.IncarnationOpened(kernel.Now)).Linked(ToC, "c", 0, leases: true);
        ReportAll(kernel, ToB, "b", holds: 3);
        ReportAll(kernel, ToC, "c", holds: 2);
        Lease(kernel);

        Read(kernel).ShouldBeNull("what it had confirmed may be what is missing");
    }

    [Fact]
    public void Loss_FoundWhenItsEventsArrive_IsOverOnceAllIsHereThatWasToldBefore()
    {
        var kernel = Begun().Linked(ToB, "b", 0, leases: true).Linked(ToC, "c", 0, leases: true);
        ReportAll(kernel, ToB, "b", holds: 3); // peers that say nothing of former lives when they are dialled
        ReportAll(kernel, ToC, "c", holds: 2);
        kernel.Idle(600, ToB, ToC).Receive(ToB, 3, Write(A, 3, 7, "three")).Idle(600, ToB, ToC);
        kernel.Kernel.Probes[Probe.PrimaryRecovered].ShouldBe(1, "in idle lanes nothing is told again");
        Lease(kernel);

        Read(kernel).ShouldBe("one two three ");
    }

    // A write of another type came first, and nobody could be asked before it.
    private static TestKernel Begun()
    {
        var kernel = Wanting();
        return kernel.Give(k => k.IncarnationOpened(kernel.Now));
    }

    private static TestKernel Wanting()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Unclean, [], [],
            o => o with { Voters = ["b", "c"] }, Stored)
        {
            Mode = EntityMode.RequestRegion("a"), HasControlType = true,
        };
        kernel.Give(k => k.Submit(TestKernel.Command("word", new EntityKey("pelago.text", "x")), kernel.Now));
        kernel.Asked.OfType<OpenIncarnation>().ShouldHaveSingleItem();
        return kernel;
    }

    private static void ReportAll(TestKernel kernel, long link, string peer, ulong holds)
    {
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            LaneHolding[] held = lane == Entity.Lane ? [new LaneHolding(lane, A, holds)] : [];
            var report = new ReportFrame(lane, new Origin(peer, new Incarnation(1)), 0, held);
            kernel.Give(k => k.Received(link, report, kernel.Now));
        }
    }

    private static void Lease(TestKernel kernel)
    {
        kernel.Idle(600, ToB, ToC);
        foreach (var link in new[] { ToB, ToC })
        {
            var ask = kernel.Sent<LeaseAskFrame>(link).Last();
            kernel.Give(k => k.Received(link, new LeaseGrantFrame(ask.Request, ask.Types, []), kernel.Now));
        }
        kernel.Idle(100, ToB, ToC);
    }

    // What a strong read shows; null while there is no answer, or it is refused.
    private static object? Read(TestKernel kernel)
    {
        kernel.Asked.RemoveAll(e => e is ReadDone);
        kernel.Give(k => k.Read(new ReadRequest
        {
            Entity = Entity, Project = view => view.State, AtPrimary = true,
            DeadlineMilliseconds = kernel.Now.MonotonicMilliseconds + 1_000,
        }, kernel.Now));
        return kernel.Asked.OfType<ReadDone>().LastOrDefault()?.Result.Value;
    }
}
