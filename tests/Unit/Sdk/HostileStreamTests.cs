using System.Buffers;
using Google.Protobuf;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Replication.Wire;

namespace Pelago.Tests.Unit.Sdk;

/// <summary>A peer that the ingress lets in, because its certificate is right, and that sends what no peer sends: the
/// instance ends the link with a goodbye that names the rule, and goes on serving everybody else.</summary>
public sealed class HostileStreamTests : IAsyncLifetime
{
    private static readonly string[] Members = ["eu-west-1", "us-east-1"];

    private TestGroup group = null!;
    private StreamRegion eu = null!;
    private StreamRegion us = null!;

    public static TheoryData<string, byte[], string> Sent => new()
    {
        { "garbage", [8, 255, 254, 253, 252, 251, 250, 249, 248], "not a valid message" },
        { "HTTP/1.1", "GET / HTTP/1.1\r\nHost: shop.demo.svc.us-east-1.apps.pelago.localhost\r\nA: b\r\n\r\n"u8
            .ToArray(),
            "not a valid message" },
        { "a length over the limit", [0xff, 0xff, 0xff, 0xff, 0x7f], "longer than" },
        { "a length that never ends", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], "longer than" },
        { "an empty frame", [0], "arrived where" },
        { "a frame without a body", Framed(new Pelago.Replication.Wire.Frame { Sequence = 1 }), "no body" },
        { "no hello first", Written(new CreditFrame(0, 1)), "no hello" },
        { "a hello of a newer protocol", Framed(Hello(oldest: 98, newest: 99)), "speaks protocol" },
        { "a hello of another region", Written(HelloOf("ap-southeast-1")), "another region" },
        { "two hellos", Written(HelloOf("eu-west-1"), HelloOf("eu-west-1")), "repeated" },
        { "frames out of order", [.. Written(HelloOf("eu-west-1")),
            .. Framed(new Pelago.Replication.Wire.Frame { Sequence = 7 })], "arrived where" },
    };

    public async ValueTask InitializeAsync()
    {
        group = await TestGroup.CreateAsync();
        eu = await StreamRegion.StartAsync(group, "eu-west-1", Members);
        us = await StreamRegion.StartAsync(group, "us-east-1", Members);
        eu.Configure(us);
        us.Configure(eu);
    }

    public async ValueTask DisposeAsync()
    {
        await us.DisposeAsync();
        await eu.DisposeAsync();
        group.Dispose();
    }

    [Theory]
    [MemberData(nameof(Sent))]
    public async Task Peer_ThatBreaksTheProtocol_IsToldTheRuleAndHurtsNobody(string what, byte[] bytes, string rule)
    {
        await using (var stream = await eu.OpenAsync("us-east-1"))
        {
            await stream.Output.WriteAsync(bytes, TestContext.Current.CancellationToken);
            (await GoodbyeAsync(stream)).ShouldContain(rule, Case.Insensitive, what);
        }
        await ShouldReplicateAsync();
    }

    [Fact]
    public async Task Peer_ThatBreaksOffWithinAFrame_HurtsNobody()
    {
        var hello = Written(HelloOf("eu-west-1"));
        await using (var stream = await eu.OpenAsync("us-east-1"))
        {
            await stream.Output.WriteAsync(hello.AsMemory(0, hello.Length / 2), TestContext.Current.CancellationToken);
            await stream.Output.CompleteAsync();
            await ToEndAsync(stream);
        }
        await ShouldReplicateAsync();
    }

    [Fact]
    public async Task Peer_ThatSaysNothing_DoesNotKeepOthersOut()
    {
        await using var silent = await eu.OpenAsync("us-east-1");
        await ShouldReplicateAsync();
        await ToEndAsync(silent); // it is not waited for without end
    }

    private async Task ShouldReplicateAsync()
    {
        var written = await eu.Region.NoteAsync("a", "hello");
        var read = await us.Region.WordsAsync(
            "a", new RequestOptions { Token = written.Token, Deadline = TimeSpan.FromSeconds(30) });
        read.ValueOrThrow().ShouldBe("hello");
    }

    private static async Task<string> GoodbyeAsync(PeerStream stream)
    {
        var received = new ReadOnlySequence<byte>(await ToEndAsync(stream));
        var reader = new FrameReader();
        var last = "no goodbye";
        while (received.Length > 0
            && FrameReader.TryReadLength(received.FirstSpan, out var length, out var used))
        {
            if (reader.Read(received.Slice(used, length).ToArray()) is GoodbyeFrame goodbye)
                last = $"{goodbye.Reason} {goodbye.Detail}";
            received = received.Slice(used + length);
        }
        return last;
    }

    private static async Task<byte[]> ToEndAsync(PeerStream stream)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        var received = new ArrayBufferWriter<byte>();
        try
        {
            while (true)
            {
                var read = await stream.Input.ReadAsync(limit.Token);
                foreach (var piece in read.Buffer)
                    received.Write(piece.Span);
                stream.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return received.WrittenSpan.ToArray();
            }
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            return received.WrittenSpan.ToArray(); // reset after the goodbye
        }
    }

    private static HelloFrame HelloOf(string region) => new(
        region, new Guid("0192f000-0000-7000-8000-000000000001"),
        Incarnation.Create(1_800_000_000_000, new byte[10]), null, null, 1, new ulong[EntityKey.Lanes], []);

    private static Pelago.Replication.Wire.Frame Hello(uint oldest, uint newest) => new()
    {
        Sequence = 1,
        Hello = new Hello { Protocol = newest, OldestProtocol = oldest, Region = "eu-west-1" },
    };

    private static byte[] Framed(Pelago.Replication.Wire.Frame frame)
    {
        using var bytes = new MemoryStream();
        frame.WriteDelimitedTo(bytes);
        return bytes.ToArray();
    }

    private static byte[] Written(params Pelago.Replication.Frame[] frames)
    {
        var (writer, output) = (new FrameWriter(), new ArrayBufferWriter<byte>());
        foreach (var frame in frames)
            writer.Write(frame, output);
        return output.WrittenSpan.ToArray();
    }
}
