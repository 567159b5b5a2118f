using Pelago.Cli;

namespace Pelago.Tests.Unit;

public sealed class BackoffTests
{
    [Fact]
    public void Backoff_DyingAgainAndAgain_WaitsLongerUpToABound()
    {
        var clock = new FakeClock();
        var backoff = new Backoff(clock);
        backoff.MayStart.ShouldBeTrue();
        backoff.Started();
        backoff.MayStart.ShouldBeTrue("the first death costs no pause");
        var pauses = new List<TimeSpan>();
        for (var i = 0; i < 8; i++)
        {
            backoff.Started();
            var waited = TimeSpan.Zero;
            for (; !backoff.MayStart; waited += Backoff.FirstPause)
                clock.Advance(Backoff.FirstPause);
            pauses.Add(waited);
        }
        pauses[..4].Select(pause => pause.TotalSeconds).ShouldBe([0.25, 0.5, 1, 2]);
        pauses[^1].ShouldBe(Backoff.LongestPause);

        clock.Advance(Backoff.LongLife);
        backoff.Started();
        backoff.MayStart.ShouldBeTrue("a long life starts afresh");
    }
}
