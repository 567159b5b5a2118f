using System.Buffers;
using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>Frames as bytes: what is written is read again, and whatever else arrives is a protocol error, never
/// anything else.</summary>
public sealed partial class FrameCodecTests
{
    private static readonly EntityKey Key = new("text", "e1");
    private static readonly EntityKey Sibling = Enumerable.Range(0, 999).Select(i => new EntityKey("text", $"s{i}"))
        .First(key => key.Lane == Key.Lane);

    private static readonly Incarnation Session = new(77);

    private static Frame[] All =>
    [
        new HelloFrame("a", new Guid("0192f000-0000-7000-8000-000000000001"), Session, A, A, 1, new ulong[32],
            [new LaneHolding(3, B, 9)])
        {
            Openings = 12, TakesAsks = true, GrantsLeases = true, GivesKeys = true, KnowsFilters = true,
            KnowsPast = true, TellsKeysHeld = true, KnowsRegions = true,
        },
        new SubscribeFrame(Key.Lane, B, 12, Stop: false),
        new EventsFrame(Key.Lane, A, [
            Write(A, 1, 5, "one", position: 7),
            Write(A, 2, 6, "two", Saw((A, 1), (B, 4)), key: "key", index: 0, length: 2, position: 8),
            Write(A, 3, 7, "three", VersionVector.From([new(A, 2)], [new(B, 4), new(C, 1)]), position: 9)], 9),
        new ReportFrame(Key.Lane, A, 12,
        [
            new LaneHolding(Key.Lane, B, 3) { Beyond = 7, Settled = 9 },
            new LaneHolding(Key.Lane, C, 0) { Busy = true },
        ])
        {
            Linked = [B, C], Opened = [new OpenedHistory("text", B, 2, 9)],
            Lacks = [new LackedEvents("text", null, 0, 0), new LackedEvents("other", B, 2, 9)],
            Past = [new PastMark(A, 7), new PastMark(B, UInt128.MaxValue)], LeftOut = [new PastMark(B, 9)],
        },
        new FilterFrame("text", EntityFilter.InEpoch(3).Only("a", "b").Except("c")),
        new EventsFrame(Key.Lane, B, [], 5)
        {
            LeftOut = [new LeftOut("text", 3, IsLacking: false), new LeftOut("other", 1, IsLacking: true)],
        },
        RegionEvents.Sent,
        new EventsFrame(Key.Lane, B, [], 0) { Beyond = 7 },
        new EventsFrame(Key.Lane, B, [], 5) { Awaited = true },
        new CreditFrame(4, 1 << 20),
        new FetchFrame(9, Key, B, 3, ulong.MaxValue),
        new FetchedFrame(9, [Write(B, 3, 5, "three", position: 11)], More: true),
        new FetchTypeFrame(12, Key.Lane, new OpenedHistory("text", B, 0, 9)) { Scanned = 4, Until = 77 },
        new FetchedFrame(12, [], More: true) { Scanned = 4, Until = 77, Lacks = true },
        new AskFrame(13, Key, "say", new byte[] { 1, 2 }, 5_000)
        {
            IdempotencyKey = "k", Fingerprint = new byte[16], Acknowledgement = Acknowledgement.Majority,
            TraceParent = "00-1-2-3", Condition = new ReadCondition(
                [new VersionVector.Slot(A, 3)], [new Frontier(B, 9, 9)]),
        },
        new AskFrame(14, Key, "", default, 1),
        new AnswerFrame(13, new byte[] { 3 }, null) { Points = [(A, 4, 8), (B, 2, 7)] },
        new AnswerFrame(14, new byte[] { 4 }, null)
        {
            StateVersion = 2, Count = 5, Highest = new HybridTimestamp(99),
        },
        new AnswerFrame(15, default, new Failure(ErrorCodes.EntityParked, "It is parked.", "Look at it.", "sku")),
        new AnswerFrame(15, default, new Failure(new ErrorCode("SHOP7", "Sold out", 5, 409), "It is sold out.")),
        new HeartbeatFrame(1_000, 900, 20, new ulong[32]),
        new GoodbyeFrame("superseded", "a newer process", Session),
        new DigestsFrame(Key.Lane,
        [
            EntityDigest.Of(Key, [Write(A, 1, 5, "one"), Write(B, 1, 6, "two")], 3, [1, 2]),
            new EntityDigest(Sibling, Saw((A, 9000)), default, "") { HasEvents = false },
        ])
        {
            IsAnswer = true,
        },
        new RegisterAskFrame(7, Key, RegisterStep.Read, default, null),
        new RegisterAskFrame(8, Key, RegisterStep.Prepare, Ballot, null),
        new RegisterAskFrame(9, Key, RegisterStep.Accept, Ballot, Value),
        new RegisterAnswerFrame(9, RegisterVerdict.Yes, new RegisterState(Ballot, Ballot, Value, Heard: true), 3,
            Session, [new VoterLife("b", new Incarnation(5), null), new VoterLife("c", Session, Session)]),
        new RegisterAnswerFrame(9, RegisterVerdict.Absent, default, 1, null, []),
        new EnrolFrame(10, Key.Lane, Session, Stands: true, Key),
        new EnrolFrame(11, Key.Lane, Session, Stands: false, null),
        new EnrolledFrame(10, Key.Lane, Remembers: true, new LifeRange(new Incarnation(1), Session),
            [new VoterLife("b", Session, null)],
            [new RegisterRecord(Key, new RegisterState(Ballot, Ballot, Value)),
            new RegisterRecord(Key, new RegisterState(Ballot, default, null))], More: true),
        new EnrolledFrame(11, Key.Lane, Remembers: false, null, [], [], More: false) 
        {
            ConfigurationEpoch = 4, KnowsBefore = true,
        },
        new EnrolFrame(12, Key.Lane, Session, Stands: false, null) { ConfigurationEpoch = 4 },
        new LeaseAskFrame(16, 3_000, 2, [new("text", 4), new("more", 0)], true) { Lives = [new Incarnation(70), null] },
        new LeaseGrantFrame(16, [new TypeEpoch("text", 4)], [new TypeEpoch("other", 0)]),
        new PrimaryFrame("text", Moved),
        new PrimaryFrame("text", Moved.Next("c")),
        new SubjectKeysAskFrame([new SubjectKeyName("Ada", new SubjectKeyId(77)), new SubjectKeyName("b", default)]),
        new SubjectKeysFrame([PersonalKey("Ada"), PersonalKey("b")]),
        new SubjectKeysLackingFrame([new SubjectKeyName("Ada", new SubjectKeyId(79))]),
        new SubjectKeysHeldAskFrame([new SubjectKeyName("Ada", new SubjectKeyId(77))]),
        new SubjectKeysHeldFrame([new SubjectKeyName("Ada", new SubjectKeyId(78)), new SubjectKeyName("b", default)]),
        new ConfigurationFrame(Group),
        new ConfigurationFrame(Group.With("d").WithVoteOf("d").Without("a")),
    ];

    private static Configuration Group => new(3, [new GroupMember("a", 1, IsVoter: true, IsJoining: false),
        new GroupMember("c", 3, IsVoter: false, IsJoining: true)])
    {
        VotersBefore = ["a", "b"], Removed = [new RemovedRegion("b", 2)], IsForced = true,
        Forced = [new ForcedChange(2, new Guid("0192f000-0000-7000-8000-000000000002"))],
    };

    private static PrimaryRecord Moved => new PrimaryRecord(3, "b") { Former = "a", FormerLife = Session }
        .Started(Session, new EpochEnd("a", 3,
            [new LifeEnd(Session, [.. Enumerable.Range(0, 32).Select(l => (ulong)l)])], AreAllLives: false));

    private static SubjectKey PersonalKey(string subject)
        => new(SubjectType.KeyOf(subject), SubjectKeyId.Of(subject, new byte[32]), new byte[32]);

    private static Ballot Ballot => new(1, 12, "a", Session);

    private static RegisterValue Value => new(4, new RegisterWriter(Session, 77), new byte[] { 1, 2 });

    [Fact]
    public void Read_RegisterFrameThatContradictsItself_IsAProtocolError()
    {
        Refused(new RegisterAskFrame(7, Key, RegisterStep.Read, Ballot, null)).ShouldContain("malformed");
        Refused(new RegisterAskFrame(7, Key, RegisterStep.Prepare, default, null)).ShouldContain("malformed");
        Refused(new RegisterAskFrame(7, Key, RegisterStep.Accept, Ballot, null)).ShouldContain("malformed");
        Refused(new RegisterAskFrame(7, Key, (RegisterStep)4, Ballot, null)).ShouldContain("malformed");
        Refused(new RegisterAskFrame(7, new EntityKey("a\nb", "c"), RegisterStep.Read, default, null))
            .ShouldContain("type is not valid");
        Refused(new RegisterAskFrame(7, Key, RegisterStep.Prepare, Ballot with { Counter = 1ul << 61 }, null))
            .ShouldContain("ballot");
        Refused(new RegisterAskFrame(7, Key, RegisterStep.Accept, Ballot, Value with
        {
            Content = new byte[RegisterValue.MaxBytes + 1],
        })).ShouldContain("value");
        Refused(new RegisterAnswerFrame(7, RegisterVerdict.Yes, default, 1, null, [])).ShouldContain("no life");
        Refused(new RegisterAnswerFrame(7, RegisterVerdict.Yes, new RegisterState(default, Ballot, Value), 1, Session,
            [])).ShouldContain("contradicts");
        Refused(new RegisterAnswerFrame(7, RegisterVerdict.Yes, new RegisterState(Ballot, Ballot, null), 1, Session,
            [])).ShouldContain("contradicts");
        Refused(new EnrolledFrame(7, (Key.Lane + 1) % 32, true, null, [],
            [new RegisterRecord(Key, new RegisterState(Ballot, default, null))], false)).ShouldContain("lane");
        Refused(new EnrolledFrame(7, Key.Lane, true, null, [], [], More: true)).ShouldContain("missing");
        Refused(new EnrolledFrame(7, Key.Lane, true, null,
            [new VoterLife("b", new Incarnation(UInt128.MaxValue), null)], [], More: false)).ShouldContain("future");

        static string Refused(Frame frame) => FrameCodecTests.Refused(Bytes(new FrameWriter(), frame));
    }

    [Fact]
    public void Read_QuestionOrAnswerOfAPrimaryThatIsTooLarge_IsAProtocolError()
    {
        var ask = new AskFrame(13, Key, "say", default, 5_000);
        Refused(ask with { Command = new string('c', 129) }).ShouldContain("larger than it may be");
        Refused(ask with { Payload = new byte[EventLimits.MaxPayloadBytes + 1] }).ShouldContain("larger than it may");
        Refused(ask with { Fingerprint = new byte[15] }).ShouldContain("larger than it may");
        Refused(ask with { IdempotencyKey = new string('k', 257) }).ShouldContain("larger than it may");
        Refused(ask with { Entity = new EntityKey("text", "") }).ShouldContain("id is not valid");
        Refused(new AnswerFrame(1, default, null) { Points = [(A, 1, 1), (A, 2, 2)] }).ShouldContain("malformed");
        RefusedRefusal(r => r.Status = 200).ShouldContain("refusal");
        RefusedRefusal(r => r.ExitCode = 0).ShouldContain("refusal");
        RefusedRefusal(r => r.Message = new string('m', 9_000)).ShouldContain("refusal");
        Refused(new FetchTypeFrame(1, Key.Lane, new OpenedHistory("text", A, 5, 5))).ShouldContain("empty");
        Refused(new FetchTypeFrame(1, Key.Lane, new OpenedHistory("text", A, 5, 9)) { Scanned = 9, Until = 8 })
            .ShouldContain("malformed");

        static string Refused(Frame frame) => FrameCodecTests.Refused(Bytes(new FrameWriter(), frame));

        // The writer makes none of these.
        static string RefusedRefusal(Action<Pelago.Replication.Wire.Refusal> change)
        {
            var message = Pelago.Replication.Wire.Frame.Parser.ParseFrom(Body(Bytes(new FrameWriter(),
                new AnswerFrame(1, default, new Failure(ErrorCodes.NoPrimary, "No.")))).Span);
            change(message.Answer.Refusal);
            return FrameCodecTests.Refused(message);
        }
    }

    [Fact]
    public void Read_ConfigurationThatNoGroupCouldHave_IsAProtocolError()
    {
        var member = Group.Members[0];
        Configuration[] impossible =
        [
            new(0, [member]),
            new(3, []),
            new(3, [member, member]),
            new(3, [member with { Since = 4 }]),
            new(3, [member with { IsJoining = true }]),
            new(3, [member with { Region = "Not A Name" }]),
            new(3, [.. Enumerable.Range(0, Configuration.MaxMembers + 1)
                .Select(n => member with { Region = $"r{n}" })]),
            new(3, [member]) { Removed = [new RemovedRegion("a", 2)] },
            new(3, [member]) { Removed = [new RemovedRegion("b", 9)] },
            new(3, [member]) { VotersBefore = ["b", "b"] },
            new(3, [member]) { Forced = [new ForcedChange(4, default)] },
            new(3, [member]) { Forced = [new ForcedChange(2, default), new ForcedChange(2, default)] },
            new(99, [member])
            {
                Forced = [.. Enumerable.Range(1, Configuration.MaxForced + 1)
                    .Select(n => new ForcedChange((ulong)n, default))],
            },
        ];

        foreach (var configuration in impossible)
            Refused(Bytes(new FrameWriter(), new ConfigurationFrame(configuration))).ShouldContain("configuration");
    }

    [Fact]
    public void Configuration_AsLargeAsItMayBe_FitsARegister()
    {
        static string Name(char kind, int n) => $"{new string(kind, 37)}-{n:00}";
        var full = new Configuration(uint.MaxValue >> 1, [.. Enumerable.Range(0, Configuration.MaxMembers)
            .Select(n => new GroupMember(Name('m', n), 9_999_999, IsVoter: true, IsJoining: false))])
        {
            VotersBefore = [.. Enumerable.Range(0, Configuration.MaxMembers).Select(n => Name('b', n))],
            Forced = [.. Enumerable.Range(0, Configuration.MaxForced)
                .Select(n => new ForcedChange(9_999_999ul + (ulong)n, new Guid(new string('f', 32))))],
            Removed = [.. Enumerable.Range(0, Configuration.MaxRemoved).Select(
                n => new RemovedRegion(Name('r', n), 9_999_999))],
        };

        new FrameReader().Read(Body(Bytes(new FrameWriter(), new ConfigurationFrame(full))))
            .ShouldBeOfType<ConfigurationFrame>();
    }

    [Fact]
    public void Read_EveryKindWritten_GivesTheSame()
    {
        var (writer, reader) = (new FrameWriter(), new FrameReader());
        foreach (var frame in All.Concat(All))
        {
            var read = reader.Read(Body(Bytes(writer, frame)));

            Describe(read).ShouldBe(Describe(frame));
        }
    }

    [Fact]
    public void Write_NamesAndOriginsAgain_SendsThemOnce()
    {
        var writer = new FrameWriter();
        var first = Bytes(writer, All[2]);

        Bytes(writer, All[2]).Length.ShouldBeLessThan(first.Length - 40);
    }

    [Fact]
    public void Read_FrameMissingOrRepeated_IsAProtocolError()
    {
        var writer = new FrameWriter();
        byte[][] sent = [.. All.Take(4).Select(f => Bytes(writer, f))];

        Refused(sent[0], sent[2]).ShouldContain("expected");
        Refused(sent[0], sent[1], sent[1]).ShouldContain("expected");
        Refused(sent[1]).ShouldContain("expected");
    }

    [Fact]
    public void Read_NewConnection_KnowsNoNamesOfTheOld()
    {
        var writer = new FrameWriter();
        var frames = All.Select(f => Bytes(writer, f)).ToArray();
        var second = new FrameWriter();
        var hello = Bytes(second, new GoodbyeFrame("stopping", "", null));

        Refused(hello, frames[1]).ShouldContain("not known");
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xFF, 0xFF })]
    public void TryReadLength_Incomplete_AsksForMore(byte[] bytes)
        => FrameReader.TryReadLength(bytes, out _, out _).ShouldBeFalse();

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x0F })]
    [InlineData(new byte[] { 0x81, 0x80, 0x80, 0x80, 0x80, 0x01 })]
    [InlineData(new byte[] { 0x81, 0x80, 0x80, 0x04 })]
    public void TryReadLength_TooLong_IsAProtocolError(byte[] bytes)
        => Should.Throw<PelagoException>(() => FrameReader.TryReadLength(bytes, out _, out _))
            .Failure.Error.ShouldBe(ErrorCodes.ProtocolViolation);

    [Fact]
    public void Read_OtherVersion_IsAProtocolErrorThatNamesBoth()
    {
        var hello = new Pelago.Replication.Wire.Frame
        {
            Sequence = 1,
            Hello = new Pelago.Replication.Wire.Hello { Protocol = 9, OldestProtocol = 8, Region = "a" },
        };

        Refused(hello).ShouldContain("8–9");
    }

    [Fact]
    public void Read_UnknownBody_IsAProtocolError()
        => Refused(new Pelago.Replication.Wire.Frame { Sequence = 1 }).ShouldContain("no body");

    [Fact]
    public void Read_EventThatContradictsItself_IsAProtocolError()
    {
        Refused(Event(e => e.Sequence = 2)).ShouldContain("sequence");
        Refused(Event(e => e.OriginPosition = 0)).ShouldContain("sequence");
        Refused(Event(e => e.Id = "")).ShouldContain("id");
        Refused(Event(e => e.Id = "other")).ShouldContain("lane");
        Refused(Event(e => e.BatchIndex = 3)).ShouldContain("batch");
        Refused(Event(e => e.BatchLength = 5_000)).ShouldContain("batch");
        Refused(Event(e => e.Timestamp = ulong.MaxValue)).ShouldContain("timestamp");
        Refused(Event(e => e.Origin = 4)).ShouldContain("origin");
        Refused(Event(e => e.PayloadName = 0)).ShouldContain("name");
        Refused(Event(e => e.VectorCounts.Add(1))).ShouldContain("vector");
        Refused(Event(e => e.RetiredCounts.Add(1))).ShouldContain("vector");
        Refused(Event(e => Retire(e, 1, 1))).ShouldContain("repeats an origin");
        Refused(Event(e => e.IdempotencyKey = new string('k', 1000))).ShouldContain("larger");
        Refused(Event(e => e.Payload = Google.Protobuf.ByteString.CopyFrom(new byte[2_000_000]))).ShouldContain(
            "larger");
    }

    [Fact]
    public void Read_EventOfAnotherOriginThanItsFrames_IsAProtocolError()
    {
        var frame = new EventsFrame(Key.Lane, B, [Write(A, 1, 5, "one", position: 7)], 7);

        Refused(Bytes(new FrameWriter(), frame)).ShouldContain("frame's origin");
    }

    [Fact]
    public void Read_TruncatedAnywhere_IsAProtocolErrorOrAnotherFrame()
    {
        foreach (var frame in All)
        {
            var bytes = Bytes(new FrameWriter(), frame);
            for (var length = 1; length < bytes.Length - 1; length++)
                ReadOrRefuse(Body(bytes)[..(length - 1)]);
        }
    }

    [Fact]
    public void Read_AnyByteChanged_IsAProtocolErrorOrAnotherFrame()
    {
        var random = new Random(4711);
        foreach (var frame in All)
        {
            var bytes = Bytes(new FrameWriter(), frame);
            for (var round = 0; round < 2_000; round++)
            {
                var changed = bytes.ToArray();
                for (var i = random.Next(1, 4); i > 0; i--)
                    changed[random.Next(changed.Length)] = (byte)random.Next(256);
                ReadOrRefuse(changed.AsMemory(1));
            }
        }
    }

    [Fact]
    public void Read_Garbage_IsAProtocolError()
    {
        var random = new Random(42);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(0, 200)];
            random.NextBytes(bytes);
            ReadOrRefuse(bytes);
        }
    }

    private static void ReadOrRefuse(ReadOnlyMemory<byte> body)
    {
        try
        {
            _ = new FrameReader().Read(body);
        }
        catch (PelagoException refused)
        {
            refused.Failure.Error.ShouldBe(ErrorCodes.ProtocolViolation);
        }
    }

    private static string Refused(params byte[][] frames)
    {
        var reader = new FrameReader();
        foreach (var bytes in frames.SkipLast(1))
            _ = reader.Read(Body(bytes));
        var refused = Should.Throw<PelagoException>(() => reader.Read(Body(frames[^1])));
        refused.Failure.Error.ShouldBe(ErrorCodes.ProtocolViolation);
        return refused.Failure.Message;
    }

    private static string Refused(Pelago.Replication.Wire.Frame message)
    {
        var body = Google.Protobuf.MessageExtensions.ToByteArray(message);
        var refused = Should.Throw<PelagoException>(() => new FrameReader().Read(body));
        refused.Failure.Error.ShouldBe(ErrorCodes.ProtocolViolation);
        return refused.Failure.Message;
    }

    [Fact]
    public void Read_DigestThatContradictsItself_IsAProtocolError()
    {
        Refused(d => d.EventSum = ByteString.CopyFrom(new byte[31])).ShouldContain("digest is malformed");
        Refused(d => d.State = ByteString.CopyFrom(new byte[33])).ShouldContain("digest is malformed");
        Refused(d => d.StateVersion = uint.MaxValue).ShouldContain("digest is malformed");
        Refused(d => d.Id = OtherLane()).ShouldContain("digest is malformed");
        Refused(d => d.VectorCounts.Add(1)).ShouldContain("vector is malformed");
        Refused(d => d.VectorCounts[0] = 0).ShouldContain("counts nothing");
        Refused(d => d.VectorOrigins[0] = 99).ShouldContain("not known");

        string Refused(Action<Pelago.Replication.Wire.EntityDigest> change)
        {
            var message = Pelago.Replication.Wire.Frame.Parser.ParseFrom(
                Body(Bytes(new FrameWriter(), new DigestsFrame(Key.Lane,
                    [EntityDigest.Of(Key, [Write(A, 1, 5, "one")], 1, [1])]))).Span);
            change(message.Digests.Entities[0]);
            return Should.Throw<PelagoException>(() => new FrameReader().Read(message.ToByteArray())).Message;
        }

        static string OtherLane() => Enumerable.Range(0, 99).Select(i => $"e{i}")
            .First(id => new EntityKey("text", id).Lane != Key.Lane);
    }

    private static void Retire(Pelago.Replication.Wire.Event e, params uint[] origins)
    {
        e.RetiredOrigins.Add(origins);
        e.RetiredCounts.Add(origins.Select(_ => 1ul));
    }

    // A frame with one sound event, changed.
    private static Pelago.Replication.Wire.Frame Event(Action<Pelago.Replication.Wire.Event> change)
    {
        var message = Pelago.Replication.Wire.Frame.Parser.ParseFrom(
            Body(Bytes(new FrameWriter(), new EventsFrame(Key.Lane, A, [Write(A, 1, 5, "one")], 1))).Span);
        change(message.Events.Events_[0]);
        return message;
    }

    /// <summary>The frame as a peer gets it.</summary>
    internal static Frame Through(Frame frame) => new FrameReader().Read(Body(Bytes(new FrameWriter(), frame)));

    private static byte[] Bytes(FrameWriter writer, Frame frame)
    {
        var buffer = new ArrayBufferWriter<byte>();
        writer.Write(frame, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private static string Describe(Frame frame) => frame switch
    {
        HelloFrame f => $"{f.Region} {f.JournalId} {f.Session} {f.Openings} {f.Current} {f.Newest} "
            + $"{f.ConfigurationEpoch} {string.Join(',', f.OwnHeads)} {string.Join(',', f.Holdings)} {f.KnowsRegions} "
            + $"{f.TakesAsks} {f.GrantsLeases} {f.GivesKeys} {f.KnowsFilters} {f.KnowsPast} {f.TellsKeysHeld}",
        SubjectKeysAskFrame f => string.Join(',', f.Names),
        SubjectKeysHeldAskFrame f => string.Join(',', f.Names),
        SubjectKeysHeldFrame f => string.Join(',', f.Names),
        SubjectKeysLackingFrame f => string.Join(',', f.Names),
        SubjectKeysFrame f => string.Join(',', f.Keys.Select(k => $"{k.Subject} {k} {Convert.ToHexString(k.Key)}")),
        EventsFrame f => $"{f.Lane} {f.Origin} {f.Through} {f.Beyond} {f.Awaited} {string.Join(',', f.LeftOut)} "
            + string.Join(',', f.Events.Select(Describe)),
        FetchedFrame f => $"{f.Request} {f.More} {string.Join(',', f.Events.Select(Describe))} {f.Scanned} {f.Until} "
            + f.Lacks,
        AskFrame f => $"{f.Request} {f.Entity} {f.Command} {Convert.ToHexString(f.Payload.Span)} {f.IdempotencyKey} "
            + $"{Convert.ToHexString(f.Fingerprint.Span)} {f.Acknowledgement} {f.TraceParent} "
            + $"{string.Join(',', f.Condition.Sequences)} {string.Join(',', f.Condition.Positions)}",
        AnswerFrame f => $"{f.Request} {Convert.ToHexString(f.Value.Span)} {f.Failure} {f.Failure?.Error.HttpStatus} "
            + $"{f.Failure?.Field} {f.StateVersion} {f.Count} {f.Highest} {string.Join(',', f.Points)}",
        ReportFrame f => $"{f.Lane} {f.Current} {f.OwnHead} {string.Join(',', f.Holdings)} "
            + $"{string.Join(',', f.Linked)} {string.Join(',', f.Opened)} {string.Join(',', f.Lacks)} "
            + $"{string.Join(',', f.Past)} {string.Join(',', f.LeftOut)}",
        DigestsFrame f => $"{f.Lane} {f.IsAnswer} {string.Join(',', f.Entities)}",
        RegisterAskFrame f => $"{f.Request} {f.Register} {f.Step} {f.Ballot} {Describe(f.Value)}",
        RegisterAnswerFrame f => $"{f.Request} {f.Verdict} {Describe(f.State)} {f.ConfigurationEpoch} {f.Life} "
            + string.Join(',', f.Lives),
        EnrolledFrame f => $"{f.Request} {f.Lane} {f.Remembers} {f.NeverStood} {string.Join(',', f.Lives)} "
            + $"{string.Join(',', f.Registers.Select(r => $"{r.Register} {Describe(r.State)}"))} {f.More} "
            + $"{f.ConfigurationEpoch} {f.KnowsBefore}",
        ConfigurationFrame { Configuration: var c } => $"{c.Epoch} {string.Join(',', c.Members)} "
            + $"{string.Join(',', c.VotersBefore)} {string.Join(',', c.Removed)} {c.IsForced}",
        LeaseAskFrame f => $"{f.Request} {f.Milliseconds} {f.ConfigurationEpoch} {string.Join(',', f.Types)} "
            + $"{string.Join(',', f.Lives)} {f.WantsReports}",
        LeaseGrantFrame f => $"{f.Request} {string.Join(',', f.Granted)} {string.Join(',', f.Stopped)}",
        PrimaryFrame { Record: var r } f => $"{f.Type} {r.Epoch} {r.Region} {r.IsStarted} {r.Former} {r.Life} "
            + $"{r.FormerLife} {string.Join(',', r.Ends.Select(e => $"{e.Region} {e.Before} {e.AreAllLives} "
                + string.Join('|', e.Lives.Select(l => $"{l.Life} {string.Join(' ', l.Positions)}"))))}",
        HeartbeatFrame f => $"{f.SentMilliseconds} {f.EchoedMilliseconds} {f.HeldMilliseconds} "
            + string.Join(',', f.OwnHeads),
        _ => frame.ToString(),
    };

    private static string Describe(EventRecord e)
        => $"{e.Entity} {e.Origin} {e.Sequence} {e.Vector} {e.Timestamp} {e.Epoch} {e.BatchIndex}/{e.BatchLength} "
        + $"{string.Join('|', e.Tags)} {e.TraceParent} {e.IdempotencyKey} {e.PayloadName} {e.PayloadVersion} "
        + $"{Convert.ToHexString(e.Payload.Span)} {e.OriginPosition} {e.Regions?.Epoch} {e.Regions}";
}
