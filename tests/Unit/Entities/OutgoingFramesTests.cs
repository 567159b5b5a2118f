using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>The order in which a link sends what waits.</summary>
public sealed class OutgoingFramesTests
{
    private static readonly Origin Us = new("us", new Incarnation(1));

    [Fact]
    public void Live_EventOfAnotherLane_GoesBeforeTheBacklog()
    {
        var frames = Backlog(lanes: 31, each: 8);

        frames.TryAdd(Events(31, 7), SendOrder.Usual).ShouldBeTrue();

        Next(frames).ShouldBe((31, 7));
        Next(frames).Lane.ShouldBe(0);
    }

    [Fact]
    public void Live_EventOfALaneThatCatchesUp_StaysBehindWhatItsFrameClaims()
    {
        var frames = Backlog(lanes: 1, each: 3);

        frames.TryAdd(Events(0, 77), SendOrder.Usual);

        Taken(frames).ShouldBe([(0, 1), (0, 2), (0, 3), (0, 77)]);
    }

    [Fact]
    public void Ahead_EventOfALaneThatCatchesUp_GoesFirst()
    {
        var frames = Backlog(lanes: 4, each: 3);

        frames.TryAdd(Events(0, 0), SendOrder.Ahead);

        Next(frames).ShouldBe((0, 0));
    }

    [Fact]
    public void CatchUp_OnALinkThatIsAlwaysBusy_GoesOn()
    {
        var frames = Backlog(lanes: 1, each: 100);
        var caughtUp = 0;
        for (var i = 0; i < 160; i++)
        {
            frames.TryAdd(Events(5, i), SendOrder.Usual);
            if (Next(frames).Lane == 0)
                caughtUp++;
        }

        caughtUp.ShouldBe(160 / OutgoingFrames.Turn);
    }

    [Fact]
    public void CatchUp_OfALaneWhoseLiveEventsWait_StaysBehindThem()
    {
        var frames = new OutgoingFrames(100);
        frames.TryAdd(Events(1, 1), SendOrder.CatchUp);
        for (var i = 1; i < OutgoingFrames.Turn * 2; i++)
            frames.TryAdd(Events(5, i), SendOrder.Usual);
        frames.TryAdd(Events(0, 1), SendOrder.Usual);
        frames.TryAdd(Events(0, 2), SendOrder.CatchUp); // what followed was read from the journal, for want of credit
        for (var i = 0; i < 100; i++)
            frames.TryAdd(Events(5, i + (OutgoingFrames.Turn * 2)), SendOrder.Usual);

        Taken(frames).Where(f => f.Lane == 0).ShouldBe([(0, 1), (0, 2)]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(60)]
    public void Frames_OfALane_StayInOrderWhateverElseIsSent(int burst)
    {
        var random = new Random(3);
        var frames = new OutgoingFrames(100_000);
        var (added, taken) = (new int[4], new int[4]);
        var (wereCatchUp, wereLive) = (0, 0);
        for (var i = 0; i < 3_000; i++)
        {
            // Again and again all of it leaves, so that either queue is empty at times.
            for (var n = random.Next(2 * burst); n > 0; n--)
            {
                var lane = random.Next(4);
                var isCatchUp = random.Next(3) == 0;
                (wereCatchUp, wereLive) = (wereCatchUp + (isCatchUp ? 1 : 0), wereLive + (isCatchUp ? 0 : 1));
                frames.TryAdd(Events(lane, ++added[lane]), isCatchUp ? SendOrder.CatchUp : SendOrder.Usual);
            }
            for (var n = random.Next(3) == 0 ? int.MaxValue : random.Next(2 * burst); n > 0; n--)
            {
                if (!frames.TryTake(out var frame))
                    break;
                ((EventsFrame)frame).Through.ShouldBe((ulong)++taken[((EventsFrame)frame).Lane]);
            }
        }
        Taken(frames).Count.ShouldBe(added.Sum() - taken.Sum());
        Math.Min(wereCatchUp, wereLive).ShouldBeGreaterThan(500);
    }

    [Fact]
    public void Add_BeyondTheBound_IsRefused()
    {
        var frames = new OutgoingFrames(2);
        frames.TryAdd(Events(0, 1), SendOrder.CatchUp).ShouldBeTrue();
        frames.TryAdd(Events(1, 1), SendOrder.Usual).ShouldBeTrue();

        frames.TryAdd(Events(2, 1), SendOrder.Usual).ShouldBeFalse();
    }

    [Fact]
    public async Task Complete_LastWords_LeaveBeforeNothingMoreComes()
    {
        var frames = Backlog(lanes: 2, each: 2);
        frames.TryAdd(new GoodbyeFrame("stopping", "", null), SendOrder.Usual);
        frames.Complete();

        (await frames.WaitAsync(TestContext.Current.CancellationToken)).ShouldBeTrue();
        frames.TryTake(out var last).ShouldBeTrue();
        last.ShouldBeOfType<GoodbyeFrame>();
        (await frames.WaitAsync(TestContext.Current.CancellationToken)).ShouldBeFalse();
    }

    private static OutgoingFrames Backlog(int lanes, int each)
    {
        var frames = new OutgoingFrames(10_000);
        for (var i = 1; i <= each; i++)
        {
            for (var lane = 0; lane < lanes; lane++)
                frames.TryAdd(Events(lane, i), SendOrder.CatchUp).ShouldBeTrue();
        }
        return frames;
    }

    private static EventsFrame Events(int lane, int through) => new(lane, Us, [], (ulong)through);

    private static (int Lane, int Through) Next(OutgoingFrames frames)
    {
        frames.TryTake(out var frame).ShouldBeTrue();
        var events = frame.ShouldBeOfType<EventsFrame>();
        return (events.Lane, (int)events.Through);
    }

    private static List<(int Lane, int Through)> Taken(OutgoingFrames frames)
    {
        var taken = new List<(int, int)>();
        while (frames.TryTake(out var frame))
            taken.Add((((EventsFrame)frame).Lane, (int)((EventsFrame)frame).Through));
        return taken;
    }
}
