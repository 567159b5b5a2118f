using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>How long a lease holds, by whichever clock.</summary>
public sealed class RegionLeaseTests
{
    private static readonly LeaseTerms Terms = new(3_000, 20);
    private static readonly string[] Voters = ["a", "b", "c"];

    [Fact]
    public void Lease_OfAMinority_IsNotHeld()
    {
        var lease = new RegionLease(Terms);
        lease.Grant("a", At(0), 1);
        lease.IsHeld(Voters, At(1), 1).ShouldBeFalse();
        lease.Grant("x", At(0), 1);
        lease.IsHeld(Voters, At(1), 1).ShouldBeFalse("x has no vote");
        lease.Grant("c", At(0), 1);
        lease.IsHeld(Voters, At(1), 1).ShouldBeTrue();
    }

    [Fact]
    public void Lease_CountsFromTheQuestion_AndEndsBeforeItsNominalLength()
    {
        var lease = new RegionLease(Terms);
        lease.Grant("a", At(0), 1);
        lease.Grant("b", At(500), 1);

        lease.IsHeld(Voters, At(2_939), 1).ShouldBeTrue();
        lease.IsHeld(Voters, At(2_940), 1).ShouldBeFalse("the grant that was asked for first is over");
    }

    [Fact]
    public void Lease_AnswerToAnOlderQuestionComesLast_IsNotShortened()
    {
        var lease = new RegionLease(Terms);
        lease.Grant("a", At(1_000), 1);
        lease.Grant("b", At(1_000), 1);
        lease.Grant("b", At(0), 1);

        lease.IsHeld(Voters, At(3_900), 1).ShouldBeTrue();
    }

    // c, d and e decide that d is the primary; then the group loses e and d, and two of those who are left had granted.
    [Fact]
    public void Lease_GrantedByAMinorityOfAConfigurationTwoChangesAgo_IsNotHeld()
    {
        var lease = new RegionLease(Terms);
        lease.Grant("a", At(0), 1);
        lease.Grant("b", At(0), 1);

        lease.IsHeld(["a", "b", "c", "d", "e"], At(1), 1).ShouldBeFalse();
        lease.IsHeld(["a", "b", "c", "d"], At(1), 2).ShouldBeFalse();
        lease.IsHeld(Voters, At(1), 3).ShouldBeFalse();

        lease.Grant("a", At(1), 2);
        lease.Grant("b", At(1), 3);
        lease.IsHeld(Voters, At(2), 3).ShouldBeTrue("asked since, or before the last change");
    }

    [Fact]
    public void Lease_MonotonicClockStoodStill_IsOverByTheWallClock()
    {
        var lease = Held();
        lease.IsHeld(Voters, new Moment(10_000, 100), 1).ShouldBeFalse("the machine slept");
        lease.IsHeld(Voters, new Moment(-10_000, 100), 1).ShouldBeTrue("the wall clock was set back");
        lease.IsHeld(Voters, new Moment(-10_000, 2_940), 1).ShouldBeFalse("and that makes it no longer");
    }

    // For true time t and clocks that run at rates within the allowance: the holder stops no later than whoever waits.
    [Theory]
    [InlineData(3_000, 20)]
    [InlineData(1, 20)]
    [InlineData(60_000, 100)]
    public void Lease_ClocksAtTheirLimits_IsOverBeforeWhoeverWaitsIsDone(int milliseconds, int drift)
    {
        var terms = new LeaseTerms(milliseconds, drift);

        // held / (1 - drift) of the slowest holder, waited / (1 + drift) of the fastest one who waits
        (terms.HeldMilliseconds * (1_000 + drift)).ShouldBeLessThanOrEqualTo(
            terms.WaitedMilliseconds * (1_000 - drift));
    }

    private static RegionLease Held()
    {
        var lease = new RegionLease(Terms);
        lease.Grant("a", At(0), 1);
        lease.Grant("b", At(0), 1);
        return lease;
    }

    private static Moment At(long milliseconds) => new(milliseconds, milliseconds);
}
