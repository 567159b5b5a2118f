using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

public sealed class DigestTests
{
    private static readonly Origin Here = new("eu", new Incarnation(1));

    [Fact]
    public void Set_InAnyOrder_HasOneDigest()
    {
        var events = Enumerable.Range(1, 20).Select(i => Event((ulong)i, $"{i}")).ToArray();
        var forward = EntityDigest.Of(events[0].Entity, events, 1, [1]);
        var backward = EntityDigest.Of(events[0].Entity, events.Reverse(), 1, [1]);
        backward.ShouldBe(forward);
    }

    [Fact]
    public void Set_WithAMemberTwice_DiffersFromTheSet()
    {
        var e = EventDigest.Of(Event(1, "x"));
        default(SetDigest).Add(e).Add(e).ShouldNotBe(default(SetDigest).Add(e));
        default(SetDigest).Add(e).Add(e).ShouldNotBe(default);
    }

    [Fact]
    public void Event_WithOneFieldChanged_HasAnotherDigest()
    {
        var original = EventDigest.Of(Event(1, "x"));
        EventDigest.Of(Event(2, "x")).ShouldNotBe(original);
        EventDigest.Of(Event(1, "y")).ShouldNotBe(original);
        EventDigest.Of(Event(1, "x", key: "k")).ShouldNotBe(original);
    }

    [Fact]
    public void Event_AtItsPosition_HasTheSameDigest()
        => EventDigest.Of(Event(1, "x", position: 17)).ShouldBe(EventDigest.Of(Event(1, "x")));

    [Fact]
    public void Entity_WithAnotherState_Differs()
    {
        var key = new EntityKey("tally", "a");
        EntityDigest.Of(key, [], 1, [1]).State.ShouldNotBe(EntityDigest.Of(key, [], 1, [2]).State);
        EntityDigest.Of(key, [], 1, [1]).State.ShouldNotBe(EntityDigest.Of(key, [], 2, [1]).State);
    }

    private static EventRecord Event(ulong sequence, string payload, string key = "", ulong position = 0) => new()
    {
        Entity = new EntityKey("tally", "a"), Origin = Here, Sequence = sequence,
        Vector = VersionVector.Empty.With(Here, sequence), Timestamp = new HybridTimestamp(sequence),
        PayloadName = "noted", Payload = Encoding.UTF8.GetBytes(payload), IdempotencyKey = key,
        OriginPosition = position,
    };
}
