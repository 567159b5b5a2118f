using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

public sealed class CausalityTokenTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly CausalityTokenCodec codec = new("shop", Key, null);

    [Fact]
    public void Token_WrittenAndRead_AsksForTheSame()
    {
        var token = CausalityToken.Empty.With([Point("a", "eu", 3, 40), Point("b", "us", 1, 7)]);
        codec.Read(codec.Write(token), out var read).ShouldBeNull();
        read.For(Entity("a")).Sequences.ShouldBe([new VersionVector.Slot(OriginOf("eu"), 3)]);
        read.For(Entity("b")).Sequences.ShouldBe([new VersionVector.Slot(OriginOf("us"), 1)]);
        read.For(Entity("other")).ShouldBe(ReadCondition.None);
    }

    [Fact]
    public void Token_WithMoreThanSixteenPoints_KeepsTheOlderOnesAsPositions()
    {
        var token = CausalityToken.Empty;
        for (var i = 0; i < 40; i++)
            token = token.With([Point($"e{i}", "eu", 1, (ulong)i + 1)]);
        codec.Read(codec.Write(token), out var read).ShouldBeNull();
        read.For(Entity("e39")).Sequences.Count.ShouldBe(1);
        for (var i = 0; i < 24; i++)
        {
            var condition = read.For(Entity($"e{i}"));
            condition.Sequences.ShouldBeEmpty();
            condition.Positions.ShouldContain(f => f.Origin.Region == "eu" && f.Position >= (ulong)i + 1);
        }
    }

    [Theory]
    [InlineData(8, 1L << 40, true)]
    [InlineData(12, (1L << 40) - 1, true)]
    [InlineData(20, long.MaxValue, false)]
    public void Token_OfALongSession_StaysWithinFourKilobytes(int regions, long position, bool whole)
    {
        var token = CausalityToken.Empty;
        for (var i = 0; i < 4_000; i++)
        {
            var region = $"region-with-a-long-name-{i % regions}";
            token = token.With([Point($"e{i}", region, ulong.MaxValue, (ulong)(position - i))]);
        }
        var text = codec.Write(token);
        text.Length.ShouldBeLessThanOrEqualTo(CausalityTokenCodec.MaxLength);
        codec.Read(text, out var read).ShouldBeNull();
        if (whole)
            read.For(Entity("e100")).Positions.Count.ShouldBe(regions);
    }

    [Fact]
    public void Point_SeenTwice_KeepsTheHigherSequence()
    {
        var token = CausalityToken.Empty.With([Point("a", "eu", 5, 50)]).With([Point("a", "eu", 4, 40)]);
        token.For(Entity("a")).Sequences.ShouldBe([new VersionVector.Slot(OriginOf("eu"), 5)]);
    }

    [Fact]
    public void Token_OfThePreviousKey_IsAccepted()
    {
        var old = codec.Write(CausalityToken.Empty.With([Point("a", "eu", 1, 1)]));
        new CausalityTokenCodec("shop", new byte[32], Key).Read(old, out var read).ShouldBeNull();
        read.IsEmpty.ShouldBeFalse();
    }

    [Fact]
    public void Token_OfAnotherServiceOrKey_IsRefused()
    {
        var text = codec.Write(CausalityToken.Empty.With([Point("a", "eu", 1, 1)]));
        new CausalityTokenCodec("other", Key, null).Read(text, out _)!.Error.ShouldBe(ErrorCodes.InvalidToken);
        new CausalityTokenCodec("shop", new byte[32], null).Read(text, out _)!.Error.ShouldBe(ErrorCodes.InvalidToken);
    }

    [Fact]
    public void Token_WithAnyByteChanged_IsRefused()
    {
        var text = codec.Write(CausalityToken.Empty.With([Point("a", "eu", 1, 1), Point("b", "us", 2, 9)]));
        for (var i = 0; i < text.Length - 1; i++)
        {
            var changed = string.Concat(text.AsSpan(0, i), text[i] == 'A' ? "B" : "A", text.AsSpan(i + 1));
            codec.Read(changed, out var token).ShouldNotBeNull($"character {i}");
            token.IsEmpty.ShouldBeTrue();
        }
    }

    [Theory]
    [InlineData("a")]
    [InlineData("%%%")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Text_ThatIsNoToken_IsRefused(string text)
        => codec.Read(text, out _)!.Error.ShouldBe(ErrorCodes.InvalidToken);

    [Fact]
    public void Text_LongerThanTheLimit_IsRefused()
        => codec.Read(new string('A', 5_000), out _)!.Error.ShouldBe(ErrorCodes.InvalidToken);

    private static EntityKey Entity(string id) => new("tally", id);

    private static Origin OriginOf(string region) => new(region, new Incarnation(1));

    private static WritePoint Point(string id, string region, ulong sequence, ulong position)
        => new(Entity(id), OriginOf(region), sequence, Entity(id).Lane, position);
}
