using Pelago.Drills;

namespace Pelago.Tests.Unit;

public sealed class DelayLineTests
{
    [Fact]
    public void Append_ShorterDelayLater_NeverOvertakes()
    {
        var line = new DelayLine(1024);
        line.Append("a"u8, due: 100).ShouldBeTrue("nobody looks at an empty line");
        line.Append("b"u8, due: 50).ShouldBeFalse();
        Take(line).ShouldBe(("a", 100));
        Take(line).ShouldBe(("b", 100));
        line.TryPeek(out _).ShouldBeFalse();
    }

    [Fact]
    public void WhenRoom_LineIsFull_WaitsUntilTheHeadIsGone()
    {
        var line = new DelayLine(maxBufferedBytes: 16);
        line.Append(new byte[16], due: 1);
        var room = line.WhenRoom();
        room.IsCompleted.ShouldBeFalse();
        line.RemoveHead();
        room.IsCompleted.ShouldBeTrue();
        line.BufferedBytes.ShouldBe(0);
    }

    [Theory]
    [InlineData("us-east-1", "eu-west-1", 34)]
    [InlineData("eu-west-1", "us-east-1", 34)]
    [InlineData("ap-southeast-1", "us-east-1", 108)]
    [InlineData("federation", "eu-west-1", 34)]
    [InlineData("us-east-1", "federation", 0.3)]
    [InlineData("us-east-1", "moon-1", 0)]
    public void LatencyMatrix_Aws_IsHalfTheRoundTrip(string from, string to, double oneWayMs)
    {
        LatencyMatrix.Aws.OneWay(from, to).TotalMilliseconds.ShouldBe(oneWayMs);
        LatencyMatrix.None.OneWay(from, to).ShouldBe(TimeSpan.Zero);
    }

    private static (string, long) Take(DelayLine line)
    {
        line.TryPeek(out var head).ShouldBeTrue();
        var text = System.Text.Encoding.ASCII.GetString(head.Buffer, 0, head.Length);
        line.RemoveHead();
        return (text, head.Due);
    }
}
