using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

public sealed partial class FrameCodecTests
{
    [Fact]
    public void Read_DigestsThatNameAnEntityTwice_IsAProtocolError()
    {
        var digest = EntityDigest.Of(Key, [Write(A, 1, 5, "one")], 1, [1]);

        Refused(Bytes(new FrameWriter(), new DigestsFrame(Key.Lane, [digest, digest]))).ShouldContain("twice");
    }

    [Fact]
    public void Read_VoteThatHasHeardOfNothing_IsAProtocolError()
    {
        var heard = new RegisterState(Ballot, default, null, Heard: true);

        Refused(Bytes(new FrameWriter(), new RegisterAnswerFrame(9, RegisterVerdict.Yes, heard, 1, Session, [])))
            .ShouldContain("heard of nothing");
    }

    [Fact]
    public void Read_PrimaryThatNoRegisterCouldHold_IsAProtocolError()
    {
        Refused(Moved with { Epoch = 0 }).ShouldContain("malformed");
        Refused(Moved with { Epoch = uint.MaxValue }).ShouldContain("malformed");
        Refused(Moved with { Region = "No Region" }).ShouldContain("malformed");
        Refused(Moved with { Former = "" }).ShouldContain("malformed");
        Refused(Moved with { Ends = [Moved.Ends[0] with { Lives = [] }] }).ShouldContain("malformed");
        Refused(Moved with { Ends = [Moved.Ends[0] with { Lives = [new LifeEnd(Session, [1, 2])] }] })
            .ShouldContain("malformed");
        Refused(Moved with { Ends = [.. Enumerable.Repeat(Moved.Ends[0], 65)] }).ShouldContain("malformed");

        static string Refused(PrimaryRecord record)
            => FrameCodecTests.Refused(Bytes(new FrameWriter(), new PrimaryFrame("text", record)));
    }

    [Fact]
    public void Read_KeysOfSubjectsThatAreTooManyOrNone_IsAProtocolError()
    {
        Refused(new SubjectKeysAskFrame([])).ShouldContain("malformed");
        Refused(new SubjectKeysAskFrame([new SubjectKeyName("", default)])).ShouldContain("malformed");
        Refused(new SubjectKeysAskFrame([.. Enumerable.Repeat(new SubjectKeyName("a", default), 65)]))
            .ShouldContain("malformed");
        Refused(new SubjectKeysHeldAskFrame([])).ShouldContain("malformed");
        Refused(new SubjectKeysHeldFrame([.. Enumerable.Repeat(new SubjectKeyName("a", default), 65)]))
            .ShouldContain("malformed");
        Refused(new SubjectKeysFrame([])).ShouldContain("malformed");
        Refused(new SubjectKeysFrame([PersonalKey("a\nb")])).ShouldContain("malformed");
        Refused(new SubjectKeysFrame([.. Enumerable.Repeat(PersonalKey("a"), 65)])).ShouldContain("malformed");

        static string Refused(Frame frame) => FrameCodecTests.Refused(Bytes(new FrameWriter(), frame));
    }

    [Fact]
    public void Read_RowsOfASubjectSaidToBeGone_IsAProtocolError()
    {
        var subject = SubjectType.KeyOf("patient-4711");

        Refused(Bytes(new FrameWriter(), new CompactedFrame(subject.Lane, A, [new CompactedEntity(subject, 1, 1)])))
            .ShouldContain("rows of a subject");
    }

    [Fact]
    public void Write_MoreLivesThanALinkNumbers_NumbersThemAnew()
    {
        var (writer, reader) = (new FrameWriter { MayRenumber = true }, new FrameReader());

        for (var life = 1; life <= 100_000; life++)
        {
            var origin = new Origin("a", new Incarnation((UInt128)life));
            var read = (SubscribeFrame)reader.Read(Body(Bytes(writer, new SubscribeFrame(0, origin, 1, false))));
            read.Origin.ShouldBe(origin);
        }
    }

    [Fact]
    public void Write_MoreLivesThanAnOlderRegionNumbers_IsRefusedWithACode()
    {
        var writer = new FrameWriter();
        for (var life = 1; life <= 4_096; life++)
            Bytes(writer, new SubscribeFrame(0, new Origin("a", new Incarnation((UInt128)life)), 1, false));

        Should.Throw<PelagoException>(() => Bytes(writer,
            new SubscribeFrame(0, new Origin("a", new Incarnation(9_999)), 1, false)))
            .Failure.Error.ShouldBe(ErrorCodes.TooManyNames);
    }

    [Fact]
    public void Read_PastOfTooManyRegionsOrOneTwice_IsAProtocolError()
    {
        Refused([new PastMark(A, 1), new PastMark(new Origin(A.Region, new Incarnation(99)), 1)])
            .ShouldContain("twice");
        Refused([.. Enumerable.Range(0, 257).Select(i => new PastMark(new Origin($"r{i}", new Incarnation(1)), 1))])
            .ShouldContain("too many regions");

        static string Refused(PastMark[] marks) => FrameCodecTests.Refused(Bytes(new FrameWriter(),
            new ReportFrame(3, A, 1, []) { LeftOut = marks }));
    }

    [Fact]
    public void Read_AnswerToNoQuestion_IsAProtocolError()
    {
        Frame[] answers =
        [
            new FetchedFrame(0, [], More: false), new AnswerFrame(0, default, null),
            new SnapshotPartFrame(0, 0, 0, default, default), new FetchedFrame(-1, [], More: false),
        ];
        foreach (var answer in answers)
            Refused(Bytes(new FrameWriter(), answer)).ShouldContain("names no question");
    }

    [Fact]
    public void Write_RefusalOfAnySizeAndCode_IsReadAsOneThatFits()
    {
        const string Bomb = "\U0001F4A3";
        string[] texts = ["", "no", new('x', 9_000), new string('x', 8_191) + Bomb, "x" + new string('\uD83D', 9_000)];
        foreach (var text in texts)
        {
            foreach (var number in new[] { int.MinValue, -1, 0, 1, 200, 409, 600, int.MaxValue })
            {
                var failure = new Failure(new ErrorCode(text, text, number, number), text, text, text);

                var read = (AnswerFrame)new FrameReader().Read(
                    Body(Bytes(new FrameWriter(), new AnswerFrame(15, default, failure))));

                var refusal = read.Failure!;
                refusal.Message.Length.ShouldBeInRange(Math.Min(text.Length, 8_191), 8_192);
                text.ShouldStartWith(text.Contains('\uD83D') && !text.Contains(Bomb, StringComparison.Ordinal) ? "x"
                    : refusal.Message, Case.Sensitive);
                refusal.Error.HttpStatus.ShouldBeInRange(400, 599);
                refusal.Error.ExitCode.ShouldBeInRange(1, 255);
            }
        }
    }

    [Fact]
    public void Read_WhatWasLeftOutOfNothing_IsAProtocolError()
    {
        Refused(new EventsFrame(Key.Lane, B, [], 0) { LeftOut = [new LeftOut("text", 1, false)] })
            .ShouldContain("left out of nothing");
        Refused(new ReportFrame(Key.Lane, A, 1, []) { Lacks = [new LackedEvents("text", B, 5, 5)] })
            .ShouldContain("no range");
        Refused(new ReportFrame(Key.Lane, A, 1, []) { Lacks = [new LackedEvents("text", null, 0, 5)] })
            .ShouldContain("no range");
        Refused(new FilterFrame("text", EntityFilter.None)).ShouldContain("filter is malformed");

        static string Refused(Frame frame) => FrameCodecTests.Refused(Bytes(new FrameWriter(), frame));
    }

    private static string Describe(RegisterState s)
        => $"{s.Promised} {s.Promised.Session} {s.Accepted} {s.Accepted.Session} {Describe(s.Value)} {s.Heard}";

    private static string Describe(RegisterValue? v)
        => v is null ? "none" : $"{v.Version} {v.Writer} {Convert.ToHexString(v.Content.Span)}";

    private static ReadOnlyMemory<byte> Body(byte[] bytes)
    {
        FrameReader.TryReadLength(bytes, out var length, out var used).ShouldBeTrue();
        length.ShouldBe(bytes.Length - used);
        return bytes.AsMemory(used);
    }
}
