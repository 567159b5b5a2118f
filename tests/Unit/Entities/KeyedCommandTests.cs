using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Tests.Unit.Entities;

/// <summary>Keyed commands that made no event, or whose reply has no JSON: no event and no reply bears witness to
/// them.</summary>
public sealed class KeyedCommandTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Command_WithoutEvents_IsRememberedWithItsKey(bool restarted)
    {
        await using var region = await TestRegion.StartAsync("here");
        (await region.StrikeAsync("a", "x", Keyed("k", 1))).ValueOrThrow().ShouldBe(0);
        await region.NoteAsync("a", "x");
        if (restarted)
        {
            await region.Runtime.DisposeAsync();
            await region.StartAgainAsync();
        }

        (await region.StrikeAsync("a", "x", Keyed("k", 1))).ValueOrThrow().ShouldBe(0, "the reply of that time");
        (await region.NoteAsync("a", "y", Keyed("k", 2))).Failure!.Error.ShouldBe(ErrorCodes.KeyReused);
        (await region.WordsAsync("a")).ValueOrThrow().ShouldBe("x");
    }

    [Fact]
    public async Task Command_WithoutEvents_IsAnsweredOnceItsReplyIsDurable()
    {
        await using var region = await TestRegion.StartAsync("here");
        region.Journal.Breaks = true;
        var reply = region.StrikeAsync("a", "x", Keyed("k", 1)).AsTask();
        await Eventually.BeTrue(() => region.Journal.IsWaiting, "an append under way");
        var isAnsweredEarly = reply.IsCompleted;
        region.Journal.Release(); // whatever came of it: a region whose journal waits does not stop
        isAnsweredEarly.ShouldBeFalse();
        (await reply).Failure!.Error.ShouldBe(ErrorCodes.InstanceFailed);
    }

    [Fact]
    public async Task Command_WithoutEvents_IsRememberedForADay()
    {
        await using var region = await TestRegion.StartAsync("here");
        await region.StrikeAsync("a", "x", Keyed("k", 1));
        await region.NoteAsync("a", "x");
        await region.Runtime.DisposeAsync();
        region.HoursAhead = 25;
        await region.StartAgainAsync();

        (await region.StrikeAsync("a", "x", Keyed("k", 1))).ValueOrThrow().ShouldBe(0);
        (await region.WordsAsync("a")).ValueOrThrow().ShouldBe("");
    }

    [Fact]
    public async Task Commands_WithoutEvents_BeyondTheBoundAreForgottenOldestFirst()
    {
        await using var region = await TestRegion.StartAsync("here");
        await region.Runtime.DisposeAsync();
        region.MaxEventlessReplies = 3;
        await region.StartAgainAsync();
        for (var i = 1; i <= 5; i++)
            await region.StrikeAsync("a", "x", Keyed($"k{i}", 1));
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();

        var image = await region.Runtime.Journal.LoadAsync(
            new EntityKey(region.Type.Name, "a"), TestContext.Current.CancellationToken);
        image.Replies.Select(r => r.IdempotencyKey).ShouldBe(["k3", "k4", "k5"], ignoreOrder: true);
    }

    [Fact]
    public async Task Entity_WithRememberedRepliesOnly_IsNotComparedWithOtherRegions()
    {
        await using var region = await TestRegion.StartAsync("here");
        await region.StrikeAsync("a", "x", Keyed("k", 1));
        (await new DigestScan(region.Runtime).SlicesAsync(null, TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Reply_WithoutJson_IsNotGivenAgainAndAnotherRequestIsRefused()
    {
        await using var region = await TestRegion.StartAsync("here");
        (await NoteAsync("one", Keyed("k", 1))).Failure.ShouldBeNull();

        (await NoteAsync("one", Keyed("k", 1))).Failure!.Error.ShouldBe(ErrorCodes.AlreadyDone);
        (await NoteAsync("two", Keyed("k", 2))).Failure!.Error.ShouldBe(ErrorCodes.KeyReused);
        (await region.NoteAsync("a", "two", Keyed("k", 2))).Failure!.Error.ShouldBe(ErrorCodes.KeyReused);
        (await region.NoteAsync("a", "one", Keyed("k", 1))).Failure!.Error.ShouldBe(ErrorCodes.AlreadyDone);
        (await region.WordsAsync("a")).ValueOrThrow().ShouldBe("one");

        ValueTask<EntityReply<object>> NoteAsync(string word, RequestOptions options)
            => region.Runtime.SendAsync<object>(region.Type, "a", new NoteAside(word), options,
                TestContext.Current.CancellationToken);
    }

    private static RequestOptions Keyed(string key, byte request) => new()
    {
        IdempotencyKey = key,
        Fingerprint = Enumerable.Repeat(request, RequestOptions.FingerprintBytes).ToArray(),
    };
}
