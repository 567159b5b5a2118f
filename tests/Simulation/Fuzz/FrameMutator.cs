using System.Buffers;
using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Pelago.Model;
using Pelago.Replication;

using Wire = Pelago.Replication.Wire.Frame;

namespace Pelago.Tests.Simulation;

/// <summary>What can be done to a frame.</summary>
internal enum Mutation
{
    CutShort, TooLong, LengthTooLarge, LengthTooSmall, BytesChanged, UnknownField, UnknownBody, OutOfOrder, Repeated,
    Replayed, FieldChanged, ElementRepeated, ElementRemoved, OtherOrigin, VectorBackwards, OtherProtocol,
}

/// <summary>Changes frames of one direction of one link with their structure in mind: most of what it makes is well
/// formed and wrong in one place.</summary>
/// <remarks>It numbers the frames itself, so that one that was dropped or put in does not end the link at the next one:
/// a link on which one fault is found at once reaches nothing behind it. What it forges is of the sender's own
/// origin: a member that relays another's events is believed, because events are not signed.</remarks>
internal sealed class FrameMutator(Dice dice, string sender, FrameMaker maker)
{
    private const int MaxKept = 50;
    private const int MadePerMille = 30;
    private static readonly Mutation[] All = Enum.GetValues<Mutation>();

    // Of events, what leads behind the first rules.
    private static readonly Mutation[] OfEvents =
    [
        Mutation.FieldChanged, Mutation.ElementRepeated, Mutation.ElementRemoved, Mutation.OtherOrigin,
        Mutation.VectorBackwards, Mutation.Replayed,
    ];

    private readonly List<Wire> kept = [];
    private readonly List<Origin> origins = maker.Origins;
    private ulong sequence;

    /// <summary>Frames changed, by what was done.</summary>
    public Dictionary<Mutation, int> Done { get; init; } = [];

    /// <summary>Frames that nobody sent, by kind.</summary>
    public Dictionary<string, int> Made { get; init; } = [];

    /// <summary>What leaves instead of a frame.</summary>
    /// <param name="perMille">Frames of a thousand that are changed.</param>
    public IEnumerable<ReadOnlyMemory<byte>> Change(ReadOnlyMemory<byte> sent, int perMille)
    {
        FrameReader.TryReadLength(sent.Span, out _, out var used);
        var frame = Wire.Parser.ParseFrom(sent[used..].Span);
        Learn(frame);
        IEnumerable<ReadOnlyMemory<byte>> leaves = [.. Changed(frame, perMille)];
        if (!dice.Chance(MadePerMille) || frame.Hello is not null
            || dice.Pick(FrameMaker.Kinds) is not { } kind || maker.Make(kind) is not { } made)
            return leaves;
        Made[kind.Name] = Made.GetValueOrDefault(kind.Name) + 1;
        return [.. leaves, Framed(made)];
    }

    private void Learn(Wire frame)
    {
        if (frame.Renumbers)
        {
            origins.Clear();
            maker.Types.Clear();
            maker.PayloadNames = 0;
        }
        foreach (var name in frame.Origins)
            origins.Add(new Origin(name.Region, Incarnation.Read(name.Incarnation.Span)));
        maker.Types.AddRange(frame.TypeNames.Select(n => n.Name));
        maker.PayloadNames += frame.PayloadNames.Count;
    }

    private IEnumerable<ReadOnlyMemory<byte>> Changed(Wire frame, int perMille)
    {
        // Names have to reach the reader once, or nothing after them is understood.
        var hasEvents = Events(frame).Length > 0;
        var hasNames = frame.Origins.Count + frame.TypeNames.Count + frame.PayloadNames.Count > 0;
        if (!dice.Chance(hasEvents ? 4 * perMille : perMille) || hasNames)
        {
            Keep(frame);
            return [Framed(frame)];
        }
        var mutation = dice.Pick(hasEvents && dice.Chance(800) ? OfEvents : All);
        Done[mutation] = Done.GetValueOrDefault(mutation) + 1;
        return Change(frame, mutation);
    }

    private IEnumerable<ReadOnlyMemory<byte>> Change(Wire frame, Mutation mutation)
    {
        switch (mutation)
        {
            case Mutation.CutShort or Mutation.TooLong or Mutation.BytesChanged or Mutation.UnknownField:
                return [Prefixed(Bytes(Numbered(frame), mutation))];
            case Mutation.LengthTooLarge or Mutation.LengthTooSmall:
                var whole = Numbered(frame).ToByteArray();
                var off = dice.Between(1, mutation == Mutation.LengthTooLarge ? 10_000_000 : whole.Length);
                return [Prefixed(whole, mutation == Mutation.LengthTooLarge ? off : -off)];
            case Mutation.OutOfOrder:
                sequence += (ulong)dice.Between(1, 3);
                return [Framed(frame)];
            case Mutation.Repeated:
                var once = Framed(frame);
                return [once, once];
            case Mutation.Replayed:
                return kept.Count == 0 ? [Framed(frame)] : [Framed(frame), Framed(dice.Pick(kept).Clone())];
            case Mutation.UnknownBody:
                frame.ClearBody();
                break;
            case Mutation.OtherOrigin when frame.Events is { } events:
                events.Origin = (uint)dice.Between(1, origins.Count + 1);
                break;
            case Mutation.VectorBackwards when Events(frame) is { Length: > 0 } events:
                var e = dice.Pick(events);
                for (var i = 0; i < e.VectorCounts.Count; i++)
                    e.VectorCounts[i] -= Math.Min(e.VectorCounts[i], (ulong)dice.Between(0, 5));
                break;
            case Mutation.OtherProtocol:
                frame.Hello = new Pelago.Replication.Wire.Hello { Protocol = 7, OldestProtocol = 6, Region = sender };
                break;
            default:
                Fields(frame, mutation);
                break;
        }
        return [Framed(frame)];
    }

    // Somewhere in the message or in what it consists of.
    private void Fields(IMessage frame, Mutation mutation)
    {
        var all = Messages(frame).Where(m => m != frame && !IsRelayed(m) && !IsBelieved(m)).ToArray();
        if (all.Length == 0)
            return;
        var message = dice.Pick(all);
        var fields = message.Descriptor.Fields.InDeclarationOrder();
        var field = fields[dice.Below(fields.Count)];
        var value = field.Accessor.GetValue(message);
        if (value is System.Collections.IList list)
            Elements(list, field, mutation);
        else if (field.FieldType != FieldType.Message)
            field.Accessor.SetValue(message, Other(field, value));
    }

    private void Elements(System.Collections.IList list, FieldDescriptor field, Mutation mutation)
    {
        if (list.Count == 0)
            return;
        var at = dice.Below(list.Count);
        if (mutation == Mutation.ElementRemoved)
            list.RemoveAt(at);
        else if (mutation == Mutation.FieldChanged && field.FieldType != FieldType.Message)
            list[at] = Other(field, list[at]!);
        else
        {
            for (var i = dice.Pick([1, 3, 5_000]); i > 0; i--)
                list.Add(list[at]);
        }
    }

    private object Other(FieldDescriptor field, object value) => field.FieldType switch
    {
        FieldType.UInt32 => dice.Pick([0u, 1u, (uint)value + 1, (uint)dice.Next(), uint.MaxValue]),
        FieldType.UInt64 or FieldType.Fixed64
            => dice.Pick([0ul, 1ul, (ulong)value + 1, (ulong)value - 1, dice.Next(), ulong.MaxValue]),
        FieldType.Int64 => dice.Pick([0L, -1L, (long)value + 3_600_000, (long)dice.Next(), long.MinValue]),
        FieldType.Bool => !(bool)value,
        FieldType.String => dice.Pick(["", "\0", "é\u202E", new string('x', 5_000), (string)value + "x", sender]),
        FieldType.Bytes => ByteString.CopyFrom(dice.Bytes(dice.Pick([0, 1, 15, 16, 32, 2_000_000]))),
        _ => value,
    };

    // Of the events that it passes on for others, none is touched.
    private bool IsRelayed(IMessage message) => message is Pelago.Replication.Wire.Event e
        && (e.Origin == 0 || e.Origin > origins.Count || origins[(int)e.Origin - 1].Region != sender);

    // Who gets a type is what any member says of it: of another type, it would be true.
    private static bool IsBelieved(IMessage message) => message is Pelago.Replication.Wire.FilterNotice;

    private Pelago.Replication.Wire.Event[] Events(Wire frame)
        => frame.Events?.Events_.Where(e => !IsRelayed(e)).ToArray() ?? [];

    private static IEnumerable<IMessage> Messages(IMessage of)
    {
        yield return of;
        foreach (var field in of.Descriptor.Fields.InDeclarationOrder().Where(f => f.FieldType == FieldType.Message))
        {
            var value = field.Accessor.GetValue(of);
            var parts = value is System.Collections.IEnumerable many ? many.OfType<IMessage>()
                : value is IMessage one ? [one] : [];
            foreach (var part in parts.SelectMany(Messages))
                yield return part;
        }
    }

    private byte[] Bytes(Wire frame, Mutation mutation)
    {
        var bytes = frame.ToByteArray();
        switch (mutation)
        {
            case Mutation.CutShort:
                return bytes[..dice.Below(bytes.Length)];
            case Mutation.TooLong:
                return [.. bytes, .. dice.Bytes(dice.Below(100) + 1)];
            case Mutation.UnknownField: // number 999, a length and as many bytes: a newer version may have it
                return [.. bytes, 0xBA, 0x3E, 3, 1, 2, 3];
            default:
                // Not in events that are relayed: a changed byte there forges them.
                if (frame.Events is null && frame.Fetched is null && frame.Filter is null)
                    bytes[dice.Below(bytes.Length)] = (byte)dice.Below(256);
                return bytes;
        }
    }

    private void Keep(Wire frame)
    {
        var copy = frame.Clone();
        copy.Origins.Clear();
        copy.TypeNames.Clear();
        copy.PayloadNames.Clear();
        kept.Add(copy);
        if (kept.Count > MaxKept)
            kept.RemoveAt(0);
    }

    private Wire Numbered(Wire frame)
    {
        frame.Sequence = ++sequence;
        return frame;
    }

    private ReadOnlyMemory<byte> Framed(Wire frame) => Prefixed(Numbered(frame).ToByteArray());

    private static ReadOnlyMemory<byte> Prefixed(byte[] body, long off = 0)
    {
        var buffer = new ArrayBufferWriter<byte>();
        for (var length = (ulong)(body.Length + off); ; length >>= 7)
        {
            buffer.Write([(byte)(length > 127 ? (length & 127) | 128 : length)]);
            if (length <= 127)
                break;
        }
        buffer.Write(body);
        return buffer.WrittenMemory;
    }

    /// <summary>One line.</summary>
    public override string ToString() => string.Join(", ", Done.OrderBy(d => d.Key).Select(d
        => string.Create(CultureInfo.InvariantCulture, $"{d.Value} {d.Key}")));
}
