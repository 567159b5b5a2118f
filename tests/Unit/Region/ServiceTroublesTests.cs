using Pelago.Client;
using Pelago.Model;
using Pelago.Region;

namespace Pelago.Tests.Unit;

public sealed class ServiceTroublesTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DesiredService Shop = Of("r1");

    private const string Digest = "sha256:0000000000000000000000000000000000000000000000000000000000000001";

    private readonly ServiceTroubles _troubles = new();

    [Fact]
    public void Ends_InARow_AreCountedSaidAndWaitForLongerUpToABound()
    {
        var now = Start;
        for (var end = 1; end <= 12; end++)
        {
            var next = _troubles.Ended(Shop, now, now.AddSeconds(1), ServiceTrouble.Of(Instance(Said)));
            _troubles.Started(Shop.Key);
            _troubles.RestartsOf(Shop).ShouldBe(new RestartView(end, next));
            _troubles.NotBefore[(Shop.Key, Shop.Revision)].ShouldBe(next);
            (next - now.AddSeconds(1)).ShouldBeInRange(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(30));
            now = next;
        }
        _troubles.Of(Shop).ShouldBe(new ServiceTrouble(Said.ToString(), Said, "r1"));
    }

    [Fact]
    public void Ends_OfOneRevision_DoNotHoldUpAnother()
    {
        for (var end = 1; end <= 12; end++)
            _troubles.Ended(Shop, Start, Start, ServiceTrouble.Of(Instance(Said)));
        var mended = Of("r2") with { Spec = new ServiceSpec(Digest) };
        var input = new ReconcilerInput([mended], true, [], new HashSet<string> { Digest }, _troubles.NotBefore, Start);

        Reconciler.Decide(input).ShouldBe([new WorkloadAction.Start(mended)]);
        _troubles.RestartsOf(mended).ShouldBeNull();
        var stillBroken = Shop with { Spec = mended.Spec };
        Reconciler.Decide(input with { Desired = [stillBroken] }).ShouldBeEmpty();
        (_troubles.Ended(mended, Start, Start, ServiceTrouble.Of(Instance(Said))) - Start)
            .ShouldBe(TimeSpan.FromMilliseconds(250), "its own first early end");
    }

    [Fact]
    public void Reason_OfAnEnd_StaysUntilItIsReadyOrAnotherRevision()
    {
        _troubles.Ended(Shop, Start, Start, ServiceTrouble.Of(Instance(Said)));
        _troubles.Started(Shop.Key);
        _troubles.Of(Shop)!.Said.ShouldBe(Said);
        _troubles.Of(Of("r2")).ShouldBeNull();
        _troubles.Ready(Shop.Key);
        _troubles.Of(Shop).ShouldBeNull();
    }

    [Fact]
    public void Reason_WhyItCannotBeStarted_EndsWithTheStart()
    {
        var failure = new Failure(ErrorCodes.NoInstancePort, "None.", "Make room.");
        _troubles.Ended(Shop, Start, Start, ServiceTrouble.Of(failure));
        _troubles.Of(Of("r2"))!.Message.ShouldBe("PLG7202: None. Make room.");
        _troubles.Started(Shop.Key);
        _troubles.Of(Shop).ShouldBeNull();
    }

    [Fact]
    public void End_WithoutAWord_PointsToTheLog()
    {
        _troubles.Ended(Shop, Start, Start, ServiceTrouble.Of(Instance(null)));
        _troubles.Of(Shop).ShouldBe(new ServiceTrouble(
            "Instance i-1 ended; the log of the service says why.", null, "r1"));
        _troubles.Stopped(Shop.Key);
        _troubles.RestartsOf(Shop).ShouldBeNull();
    }

    private static TroubleView Said { get; } = new("PLG4006", "It is damaged.", "Set it aside.");

    private static DesiredService Of(string revision) => new("demo", "shop", null!, revision);

    private static InstanceState Instance(TroubleView? failure)
        => new("i-1", "demo", "shop", "r1", Start, default, 5, "", []) { Failure = failure };
}
