using Pelago.Model;
using Pelago.Region;

namespace Pelago.Tests.Unit;

public sealed class ReconcilerTests
{
    private const string Digest = "sha256:0000000000000000000000000000000000000000000000000000000000000001";
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DesiredService Cart = new("demo", "cart", new ServiceSpec(Digest), "r1");

    [Fact]
    public void Decide_ProgramIsMissing_InstallsAndStartsNothing()
        => Decide([Cart], [], installed: false).ShouldBe([new WorkloadAction.Install(Digest)]);

    [Fact]
    public void Decide_NothingRuns_Starts() => Decide([Cart], []).ShouldBe([new WorkloadAction.Start(Cart)]);

    [Fact]
    public void Decide_ItRuns_DoesNothing() => Decide([Cart], [Running("r1")]).ShouldBeEmpty();

    [Fact]
    public void Decide_ItEnded_ForgetsFirstAndStartsInTheNextTurn()
        => Decide([Cart], [Running("r1") with { Alive = false }]).ShouldBe([new WorkloadAction.Forget("i-1")]);

    [Fact]
    public void Decide_StartHasToWait_Waits()
        => Decide([Cart], [], notBefore: Now.AddSeconds(1)).ShouldBeEmpty();

    [Fact]
    public void Decide_OtherRevisionRuns_StopsItAndStartsOnlyWhenItIsGone()
        => Decide([Cart], [Running("r0")]).ShouldBe([new WorkloadAction.Stop("i-1", "its service has changed")]);

    [Fact]
    public void Decide_OtherRevisionRunsAndItsProgramIsMissing_LeavesTheOldOneRunning()
        => Decide([Cart], [Running("r0")], installed: false).ShouldBe([new WorkloadAction.Install(Digest)]);

    [Fact]
    public void Decide_ServiceIsGone_Stops()
        => Decide([], [Running("r1")]).ShouldBe([new WorkloadAction.Stop("i-1", "its service is gone")]);

    [Fact]
    public void Decide_ResourcesWereNotReadYet_StopsNothing()
        => Decide([], [Running("r1")], complete: false).ShouldBeEmpty();

    [Fact]
    public void Decide_DoesNotAnswerForLong_Kills()
        => Decide([Cart], [Running("r1") with { Unresponsive = Reconciler.UnresponsiveLimit }])
            .ShouldBe([new WorkloadAction.Kill("i-1")]);

    [Fact]
    public void Decide_OneServiceInTrouble_DoesNotHoldUpTheOther()
    {
        var other = new DesiredService("demo", "other", new ServiceSpec(Digest.Replace('1', '2')), "r1");
        Decide([Cart, other], []).ShouldBe([new WorkloadAction.Start(Cart),
            new WorkloadAction.Install(other.Spec.Artifact)]);
    }

    [Fact]
    public void RestartPolicy_EarlyEnds_WaitLongerAndLongerUpToABound()
    {
        var policy = RestartPolicy.None;
        var waits = new List<double>();
        for (var i = 0; i < 12; i++)
        {
            policy = policy.Ended(Now, Now);
            waits.Add((policy.NotBefore - Now).TotalSeconds);
        }
        waits[..3].ShouldBe([0.25, 0.5, 1]);
        waits[^1].ShouldBe(30);
        policy.Ended(Now, Now.AddMinutes(1)).NotBefore.ShouldBe(Now.AddMinutes(1), "it had been running for a while");
    }

    private static ObservedInstance Running(string revision)
        => new("i-1", "demo/cart", revision, Alive: true, Stopping: false, TimeSpan.Zero);

    private static IReadOnlyList<WorkloadAction> Decide(IReadOnlyList<DesiredService> desired,
        IReadOnlyList<ObservedInstance> instances, bool complete = true, bool installed = true,
            DateTimeOffset? notBefore = null)
        => Reconciler.Decide(new ReconcilerInput(desired, complete, instances,
            installed ? new HashSet<string> { Digest } : new HashSet<string>(),
            notBefore is { } until
                ? new Dictionary<(string, string), DateTimeOffset> { [(Cart.Key, Cart.Revision)] = until }
                : new Dictionary<(string, string), DateTimeOffset>(),
            Now));
}
