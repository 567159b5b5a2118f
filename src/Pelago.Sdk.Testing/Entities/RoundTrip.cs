using System.Text;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>An entity type, each of whose payloads and states goes through its stored form before it is used: a state
/// in memory is what it would be after a restart.</summary>
internal sealed class RoundTrip(IEntityType inner) : IEntityType
{
    public string Name => inner.Name;

    public MergeStrategy Strategy => inner.Strategy;

    public int StateVersion => inner.StateVersion;

    public bool Settles => inner.Settles;

    public Acknowledgement Acknowledgement => inner.Acknowledgement;

    public EntityMode Mode => inner.Mode;

    public EntityFilter Filter => inner.Filter;

    public bool HasRegions => inner.HasRegions;

    public bool Compacts => inner.Compacts;

    public bool HasPersonalMembers => inner.HasPersonalMembers;

    public IReadOnlyList<LastWriter> LastWriters => inner.LastWriters;

    public object? ReadState(int version, ReadOnlySpan<byte> bytes) => inner.ReadState(version, bytes);

    /// <summary>What a handler or serializer threw first: the fold itself only says that it did.</summary>
    public Exception? Thrown { get; private set; }

    public object Initial(string id) => Watched(() => Stored(inner.Initial(id)));

    public Folded Apply(object state, object payload, in EventContext context)
    {
        var given = context;
        return Watched(() =>
        {
            var folded = inner.Apply(state, payload, given);
            return folded.State is { } next ? Folded.To(Stored(next)) : folded;
        });
    }

    public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload)
        => inner.Decode(payloadName, payloadVersion, payload);

    public EncodedPayload Encode(object payload)
    {
        var first = inner.Encode(payload);
        var read = inner.Decode(first.Name, first.Version, first.Bytes)
            ?? throw new TestKitException($"Event '{first.Name}' cannot be read back.");
        Compare($"Event '{first.Name}'", first.Bytes, inner.Encode(read).Bytes);
        return first;
    }

    public byte[] EncodeState(object state) => inner.EncodeState(state);

    public object DecodeState(ReadOnlySpan<byte> bytes) => inner.DecodeState(bytes);

    public byte[] EncodeComparable(object state) => EncodeState(Settles ? Settle(state, Horizon.All) : state);

    public object Settle(object state, Horizon horizon) 
        => Watched(() => Stored(inner.Settle(state, horizon)));

    private T Watched<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception error)
        {
            Thrown ??= error;
            throw;
        }
    }

    private object Stored(object state)
    {
        var first = inner.EncodeState(state);
        var read = inner.DecodeState(first);
        Compare($"The state of '{Name}'", first, inner.EncodeState(read));
        return read;
    }

    private static void Compare(string what, byte[] written, byte[] again)
    {
        if (!written.AsSpan().SequenceEqual(again))
        {
            throw new TestKitException($"{what} does not survive its own JSON.\n  written: "
                + $"{Encoding.UTF8.GetString(written)}\n  read and written again: {Encoding.UTF8.GetString(again)}");
        }
    }
}
