using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>A life ends while a group is under way to the journal: what is in the group comes to be all the same, its
/// frontiers too.</summary>
public sealed class KernelBrokenLifeTests
{
    private const long Link = 7;
    private const long Next = 9;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OwedGap_UnderWayWhenTheLifeEnds_StaysOwedAndIsAskedFor(bool breaks)
    {
        var kernel = New();
        kernel.HoldGroups = true;
        kernel.Receive(Link, 5, Write(B, 2, 9, "second", position: 5)).Idle(1_600, Link);
        kernel.Asked.OfType<AppendGroup>().Single().Batches.SelectMany(b => b.Owed).ShouldHaveSingleItem();

        Go(kernel, breaks);

        var lane = kernel.Kernel.Describe(kernel.Now).Lanes[Entity.Lane];
        lane.Owed.ShouldBe(1);
        kernel.Sent<ReportFrame>(Next).Where(r => r.Lane == Entity.Lane).SelectMany(r => r.Holdings)
            .Where(h => h.Origin.Equals(B)).ShouldAllBe(h => h.Position < 5, "it does not hold that");
        kernel.Sent<FetchFrame>(Next).ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lack_UnderWayWhenTheLifeEnds_IsStillLacking(bool breaks)
    {
        var kernel = New();
        kernel.Give(k => k.Received(Link, new FilterFrame("text", EntityFilter.InEpoch(1).Except("c")), kernel.Now))
            .Idle(500, Link);
        kernel.HoldGroups = true;
        kernel.Give(k => k.Received(Link, new EventsFrame(Entity.Lane, B, [], 5)
        {
            LeftOut = [new LeftOut("text", 1, IsLacking: true)],
        }, kernel.Now));
        kernel.Asked.OfType<AppendGroup>().ShouldHaveSingleItem();

        Go(kernel, breaks);

        var report = kernel.Sent<ReportFrame>(Next).Last(r => r.Lane == Entity.Lane);
        report.Holdings.Single(h => h.Origin.Equals(B)).Position.ShouldBe(5u);
        report.Lacks.ShouldHaveSingleItem().Through.ShouldBe(5u);
    }

    private static TestKernel New()
        => new TestKernel(TestKernel.Three, Continuity.Clean).Linked(Link, "b", 0).Idle(1_000, Link);

    // Its group is held meanwhile; then it is linked again.
    private static void Go(TestKernel kernel, bool breaks)
    {
        if (breaks)
        {
            kernel.Give(k => k.Received(Link, new GoodbyeFrame("superseded", "", new Incarnation(99)), kernel.Now));
            kernel.Idle(1_000, Link);
        }
        kernel.HoldGroups = false;
        kernel.Commit().Idle(300, Link);
        if (kernel.Asked.OfType<OpenIncarnation>().Any())
            kernel.Give(k => k.IncarnationOpened(kernel.Now));
        kernel.Linked(Next, "b", 0).Idle(2_000, Next);
    }
}
