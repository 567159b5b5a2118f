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

    [Fact]
    public void Read_ChangeOfRegionsThatTellsOfItsCommand_IsAProtocolError()
    {
        var change = RegionEvents.Change(Events.A, 1, "a");
        RefusedRegions(e => e.Tags.Add("secret"), change).ShouldContain("says more");
        RefusedRegions(e => e.TraceParent = "00-1-2-3", change).ShouldContain("says more");
        RefusedRegions(e => (e.IdempotencyKey, e.BatchLength) = ("secret", 2), change).ShouldContain("says more");
        var read = new FrameReader().Read(Changed(e => e.IdempotencyKey = "alone", change).ToByteArray());
        read.ShouldBeOfType<EventsFrame>().Events[0].IdempotencyKey.ShouldBe("alone", "nobody else could carry it");
    }

    private static string RefusedRegions(Action<Pelago.Replication.Wire.Event> change, EventRecord? of = null)
        => Refused(Changed(change, of ?? RegionEvents.Kept(Events.A, 1, "a").Withheld()));

    private static Pelago.Replication.Wire.Frame Changed(
        Action<Pelago.Replication.Wire.Event> change, EventRecord of)
    {
        var message = Pelago.Replication.Wire.Frame.Parser.ParseFrom(Body(Bytes(new FrameWriter(), new EventsFrame(
            Key.Lane, Events.A, [of], 1))).Span);
        change(message.Events.Events_[0]);
        return message;
    }
}
