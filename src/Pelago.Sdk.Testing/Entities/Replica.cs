using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>An entity in one region: what it has seen, and its fold.</summary>
internal sealed class Replica(RoundTrip type, string id, string region)
{
    private readonly Origin origin = new(region, new Incarnation(1));
    private HybridTimestamp highest;

    /// <summary>Where its events are written.</summary>
    public Origin Origin => origin;

    public EntityFold Fold { get; } = new(type, id);

    public VersionVector Seen { get; private set; } = VersionVector.Empty;

    public ulong Count { get; private set; }

    /// <summary>The state.</summary>
    /// <exception cref="TestKitException">A handler fails.</exception>
    public object State
    {
        get
        {
            var state = Fold.State;
            Check(Fold, type);
            return state;
        }
    }

    /// <summary>Throws what parked the entity.</summary>
    /// <exception cref="TestKitException">A handler or serializer failed.</exception>
    public static void Check(EntityFold fold, RoundTrip type)
    {
        if (fold.Parked is not { } parked)
            return;
        throw type.Thrown as TestKitException ?? new TestKitException(
            type.Thrown is { } thrown ? $"{parked.Message} {thrown.Message}" : parked.Message, type.Thrown);
    }

    /// <summary>Stamps events of one command and takes them.</summary>
    public EventRecord[] Write(IReadOnlyList<object> payloads, long nowMilliseconds)
    {
        var events = new EventRecord[payloads.Count];
        for (var i = 0; i < events.Length; i++)
        {
            var payload = type.Encode(payloads[i]);
            highest = HybridTimestamp.After(highest, nowMilliseconds);
            Seen = Seen.With(origin, Seen[origin] + 1);
            events[i] = new EventRecord
            {
                Entity = new EntityKey(type.Name, id), Origin = origin, Sequence = Seen[origin], Vector = Seen,
                Timestamp = highest, BatchIndex = i, BatchLength = events.Length, PayloadName = payload.Name,
                PayloadVersion = payload.Version, Payload = payload.Bytes,
            };
            Insert(events[i]);
        }
        return events;
    }

    /// <summary>Takes events of another region that are not here yet; their causes are.</summary>
    public void Take(IEnumerable<EventRecord> events)
    {
        foreach (var e in events.Where(e => Seen[e.Origin] < e.Sequence))
        {
            Insert(e);
            Seen = Seen.With(e.Origin, e.Sequence);
            highest = e.Timestamp > highest ? e.Timestamp : highest;
        }
        _ = State;
    }

    private void Insert(EventRecord e)
    {
        Fold.Insert(e, type.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span));
        Count++;
    }
}
