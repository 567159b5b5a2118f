using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Pelago.Model;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

/// <summary>Encodes frames of one direction of one link: numbers them, and sends each origin and name in full only
/// once. Not thread-safe.</summary>
public sealed partial class FrameWriter
{
    private readonly Dictionary<Origin, uint> origins = [];
    private readonly Dictionary<string, uint> types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, uint> payloadNames = new(StringComparer.Ordinal);
    private Wire.Frame message = new();
    private ulong sequence;

    /// <summary>The other side understands numbers that begin anew, as its hello says.</summary>
    public bool MayRenumber { get; set; }

    /// <summary>Appends the frame, length-prefixed, to a buffer.</summary>
    /// <exception cref="PelagoException">The other side would not take it (PLG5019): it names more than fits one link.
    /// The link has to end; the next one begins with no names.</exception>
    public void Write(Frame frame, IBufferWriter<byte> output)
    {
        message = new Wire.Frame { Sequence = ++sequence };
        if (MayRenumber)
            Renumber();
        Fill(frame);
        if (origins.Count > (MayRenumber ? FrameReader.MaxOrigins : FrameReader.MaxNames)
            || types.Count > FrameReader.MaxNames || payloadNames.Count > FrameReader.MaxNames)
            throw TooManyNames();
        var size = message.CalculateSize();
        var prefix = output.GetSpan(5);
        var used = 0;
        for (var rest = (uint)size; ; rest >>= 7)
        {
            prefix[used++] = (byte)(rest > 127 ? (rest & 127) | 128 : rest);
            if (rest <= 127)
                break;
        }
        output.Advance(used);
        message.WriteTo(output.GetSpan(size)[..size]);
        output.Advance(size);
    }

    // Before a table is full: one frame may name many that are new.
    private void Renumber()
    {
        if (origins.Count < FrameReader.MaxOrigins / 2 && types.Count < FrameReader.MaxNames / 2
            && payloadNames.Count < FrameReader.MaxNames / 2)
            return;
        origins.Clear();
        types.Clear();
        payloadNames.Clear();
        message.Renumbers = true;
    }

    private static PelagoException TooManyNames() => new Failure(ErrorCodes.TooManyNames,
        $"A link between regions was to name more than {FrameReader.MaxNames} lives of journals, types or payloads.",
        "The link begins anew and goes on from where it was. If it comes back, upgrade the older region, and find out "
        + "why journals begin new lives so often: see 'pelago logs'.").ToException();

    private void Fill(Frame frame)
    {
        switch (frame)
        {
            case HelloFrame f:
                message.Hello = ToHello(f);
                break;
            case SubscribeFrame f:
                message.Subscribe = new Subscribe { Lane = (uint)f.Lane, Origin = Number(f.Origin), After = f.After,
                    Stop = f.Stop };
                break;
            case EventsFrame f:
                message.Events = new Events { Lane = (uint)f.Lane, Origin = Number(f.Origin), Through = f.Through,
                    Beyond = f.Beyond, Awaited = f.Awaited, Span = f.Span };
                foreach (var e in f.Events)
                    message.Events.Events_.Add(ToWire(e));
                if (f.LeftOut.Count > 0)
                    message.Events.LeftOut.AddRange(f.LeftOut.Select(ToWire));
                break;
            case ReportFrame f:
                message.Report = ToWire(f);
                break;
            case CreditFrame f:
                message.Credit = new Credit { Lane = (uint)f.Lane, Bytes = (ulong)f.Bytes };
                break;
            case FetchFrame f:
                message.Fetch = new Fetch
                {
                    Request = (ulong)f.Request, Type = Number(types, message.TypeNames, f.Entity.Type),
                        Id = f.Entity.Id,
                    Origin = Number(f.Origin), FromSequence = f.From, ToSequence = f.To,
                };
                break;
            case FetchedFrame f:
                message.Fetched = new Fetched
                {
                    Request = (ulong)f.Request, More = f.More, Scanned = f.Scanned, Until = f.Until, Lacks = f.Lacks,
                };
                foreach (var e in f.Events)
                    message.Fetched.Events.Add(ToWire(e));
                break;
            case DigestsFrame f:
                message.Digests = new Digests { Lane = (uint)f.Lane, Answer = f.IsAnswer };
                message.Digests.Entities.AddRange(f.Entities.Select(ToWire));
                break;
            case HeartbeatFrame f:
                message.Heartbeat = ToWire(f);
                break;
            case GoodbyeFrame f:
                message.Goodbye = new Goodbye { Reason = f.Reason, Detail = f.Detail };
                if (f.Session is { } session)
                    message.Goodbye.Session = ByteString.CopyFrom(session.ToBytes());
                break;
            default:
                FillSnapshot(frame);
                break;
        }
    }

    private Report ToWire(ReportFrame f)
    {
        var report = new Report { Lane = (uint)f.Lane, Current = Number(f.Current), OwnHead = f.OwnHead, Full = true };
        report.Holdings.AddRange(f.Holdings.Select(h => ToWire(h, withLane: false)));
        report.Linked.AddRange(f.Linked.Select(Number));
        report.Opened.AddRange(f.Opened.Select(ToWire));
        report.Local.AddRange(f.Local.Select(name => Number(types, message.TypeNames, name)));
        report.Lacks.AddRange(f.Lacks.Select(ToWire));
        report.Past.AddRange(f.Past.Select(ToWire));
        report.LeftOut.AddRange(f.LeftOut.Select(ToWire));
        return report;
    }

    private Wire.PastLives ToWire(PastMark mark)
        => new() { Last = Number(mark.Last), Digest = PastNotes.ToBytes(mark.Digest) };

    private static Heartbeat ToWire(HeartbeatFrame f)
    {
        var heartbeat = new Heartbeat
        {
            SentMilliseconds = f.SentMilliseconds, EchoedMilliseconds = f.EchoedMilliseconds,
            HeldMilliseconds = f.HeldMilliseconds,
        };
        heartbeat.OwnHeads.AddRange(f.OwnHeads);
        return heartbeat;
    }

    private Hello ToHello(HelloFrame f)
    {
        var hello = new Hello
        {
            Protocol = FrameReader.Protocol, OldestProtocol = FrameReader.Protocol, Region = f.Region,
            Openings = f.Openings, Snapshots = f.TakesSnapshots,
            JournalId = ByteString.CopyFrom(f.JournalId.ToByteArray(bigEndian: true)),
            Session = ByteString.CopyFrom(f.Session.ToBytes()),
            Current = Number(f.Current), Newest = Number(f.Newest), ConfigurationEpoch = f.ConfigurationEpoch,
            TakesAsks = f.TakesAsks, Leases = f.GrantsLeases, SubjectKeys = f.GivesKeys, Filters = f.KnowsFilters,
            Past = f.KnowsPast, KeysHeld = f.TellsKeysHeld, EntityFilters = f.KnowsRegions,
        };
        hello.OwnHeads.AddRange(f.OwnHeads);
        hello.Holdings.AddRange(f.Holdings.Select(h => ToWire(h, withLane: true)));
        return hello;
    }

    private Holding ToWire(LaneHolding h, bool withLane)
        => new()
        {
            Lane = withLane ? (uint)h.Lane : 0, Origin = Number(h.Origin), Position = h.Position, Beyond = h.Beyond,
            Settled = h.Settled, Busy = h.Busy,
        };

    private Wire.EntityDigest ToWire(EntityDigest d)
    {
        var wire = new Wire.EntityDigest
        {
            Type = Number(types, message.TypeNames, d.Entity.Type), Id = d.Entity.Id, Events = d.Events.Count,
            StateVersion = (uint)d.StateVersion,
        };
        if (d.HasEvents)
            wire.EventSum = UnsafeByteOperations.UnsafeWrap(d.Events.ToBytes());
        if (d.State.Length > 0)
            wire.State = UnsafeByteOperations.UnsafeWrap(Convert.FromHexString(d.State));
        foreach (ref readonly var slot in d.Vector.Slots)
        {
            wire.VectorOrigins.Add(Number(slot.Origin));
            wire.VectorCounts.Add(slot.Count);
        }
        return wire;
    }

    private Event ToWire(EventRecord e)
    {
        var wire = new Event
        {
            OriginPosition = e.OriginPosition, Origin = Number(e.Origin), Sequence = e.Sequence,
            Type = Number(types, message.TypeNames, e.Entity.Type), Id = e.Entity.Id, Timestamp = e.Timestamp.Value,
            Epoch = e.Epoch, BatchIndex = (uint)e.BatchIndex, BatchLength = e.BatchLength == 1 ? 0
            : (uint)e.BatchLength,
            TraceParent = e.TraceParent, IdempotencyKey = e.IdempotencyKey,
            PayloadName = Number(payloadNames, message.PayloadNames, e.PayloadName),
            PayloadVersion = e.PayloadVersion == 1 ? 0 : (uint)e.PayloadVersion,
            Payload = UnsafeByteOperations.UnsafeWrap(e.Payload),
        };
        foreach (ref readonly var slot in e.Vector.Slots)
        {
            wire.VectorOrigins.Add(Number(slot.Origin));
            wire.VectorCounts.Add(slot.Count);
        }
        foreach (ref readonly var lives in e.Vector.Retired)
        {
            wire.RetiredOrigins.Add(Number(lives.Last));
            wire.RetiredCounts.Add(lives.Count);
        }
        wire.Tags.AddRange(e.Tags);
        if (e.Regions is { } rule)
            wire.Regions = UnsafeByteOperations.UnsafeWrap(rule.ToBytes());
        return wire;
    }

    private uint Number(Origin? origin)
    {
        if (origin is null)
            return 0;
        if (origins.TryGetValue(origin, out var number))
            return number;
        number = (uint)origins.Count + 1;
        origins.Add(origin, number);
        message.Origins.Add(new OriginName
        {
            Number = number, Region = origin.Region, Incarnation = ByteString.CopyFrom(origin.Incarnation.ToBytes()),
        });
        return number;
    }

    private static uint Number(Dictionary<string, uint> known, RepeatedField<EntityTypeName> sent, string name)
    {
        if (known.TryGetValue(name, out var number))
            return number;
        number = (uint)known.Count + 1;
        known.Add(name, number);
        sent.Add(new EntityTypeName { Number = number, Name = name });
        return number;
    }
}
