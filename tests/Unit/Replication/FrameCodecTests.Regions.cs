using Google.Protobuf;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

public sealed partial class FrameCodecTests
{
    [Fact]
    public void Read_PlaceholderThatSaysMoreThanItMay_IsAProtocolError()
    {
        RefusedRegions(e => e.Payload = ByteString.CopyFromUtf8("secret")).ShouldContain("without content");
        RefusedRegions(e => e.Tags.Add("secret")).ShouldContain("says more");
        RefusedRegions(e => e.IdempotencyKey = "secret").ShouldContain("says more");
        RefusedRegions(e => e.TraceParent = "00-1-2-3").ShouldContain("says more");
        RefusedRegions(e => e.Regions = ByteString.Empty).ShouldContain("has no rule");
        RefusedRegions(e => e.Regions = ByteString.CopyFrom(255)).ShouldContain("malformed");
        RefusedRegions(e => e.Regions = ByteString.CopyFrom(
            EntityFilter.InEpoch(1).Only([.. Enumerable.Range(0, 33).Select(i => $"r{i}")]).ToBytes()))
            .ShouldContain("malformed");
    }

    private static string RefusedRegions(Action<Pelago.Replication.Wire.Event> change)
    {
        var message = Pelago.Replication.Wire.Frame.Parser.ParseFrom(Body(Bytes(new FrameWriter(), new EventsFrame(
            Key.Lane, Events.A, [RegionEvents.Kept(Events.A, 1, "a").Withheld()], 1))).Span);
        change(message.Events.Events_[0]);
        return Refused(message);
    }
}
