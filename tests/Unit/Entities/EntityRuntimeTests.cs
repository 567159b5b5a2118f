using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Tests.Unit.Entities;

public sealed class EntityRuntimeTests
{
    [Fact]
    public async Task Write_ThenRead_ShowsIt()
    {
        await using var region = await TestRegion.StartAsync("here");
        (await region.NoteAsync("a", "one")).ValueOrThrow().ShouldBe(1);
        (await region.NoteAsync("a", "two")).ValueOrThrow().ShouldBe(2);
        (await region.WordsAsync("a")).ValueOrThrow().ShouldBe("one two");
    }

    [Fact]
    public async Task Write_AfterCleanStop_IsThereAndTheIncarnationGoesOn()
    {
        await using var region = await TestRegion.StartAsync("here");
        await region.NoteAsync("a", "one");
        var before = region.Runtime.Journal.Identity.Incarnation;
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        (await region.NoteAsync("a", "two")).ValueOrThrow().ShouldBe(2);
        region.Runtime.Journal.Identity.Incarnation.ShouldBe(before);
    }

    [Fact]
    public async Task Command_WithTheSameKey_HappensOnceAndRepliesAlike()
    {
        await using var region = await TestRegion.StartAsync("here");
        var keyed = new RequestOptions { IdempotencyKey = "k-1" };
        (await region.NoteAsync("a", "one", keyed)).ValueOrThrow().ShouldBe(1);
        await region.NoteAsync("a", "two");
        (await region.NoteAsync("a", "one", keyed)).ValueOrThrow().ShouldBe(1);
        (await region.WordsAsync("a")).ValueOrThrow().ShouldBe("one two");
    }

    [Fact]
    public async Task Command_WithTheKeyOfAnotherRequest_IsRefusedAfterARestartToo()
    {
        await using var region = await TestRegion.StartAsync("here");
        (await region.NoteAsync("a", "one", Keyed("k-1", 1))).ValueOrThrow().ShouldBe(1);
        await region.NoteAsync("a", "plain", Keyed("k-2", 0));
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();

        (await region.NoteAsync("a", "one", Keyed("k-1", 2))).Failure!.Error.ShouldBe(ErrorCodes.KeyReused);
        (await region.NoteAsync("a", "one", Keyed("k-1", 1))).ValueOrThrow().ShouldBe(1);
        (await region.NoteAsync("a", "one", Keyed("k-1", 0))).ValueOrThrow().ShouldBe(1, "it names no request");
        (await region.NoteAsync("a", "plain", Keyed("k-2", 2))).ValueOrThrow().ShouldBe(2, "it was given none");
        (await region.NoteAsync("b", "one", Keyed("k-1", 2))).ValueOrThrow().ShouldBe(1, "keys are an entity's own");
        (await region.WordsAsync("a")).ValueOrThrow().ShouldBe("one plain");

        static RequestOptions Keyed(string key, byte request) => new()
        {
            IdempotencyKey = key,
            Fingerprint = request == 0 ? default
                : Enumerable.Repeat(request, RequestOptions.FingerprintBytes).ToArray(),
        };
    }

    [Fact]
    public async Task Command_WithKeys_IsRememberedForTheWindowOnly()
    {
        await using var region = await TestRegion.StartAsync("here");
        await KeyedAsync("old", 150);
        await region.Runtime.DisposeAsync();
        region.HoursAhead = 25;
        await region.StartAgainAsync();
        await KeyedAsync("new", 400);
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        var key = new EntityKey(region.Type.Name, "a");
        var image = await region.Runtime.Journal.LoadAsync(key, TestContext.Current.CancellationToken);
        image.Replies.ShouldNotContain(r => r.IdempotencyKey.StartsWith("old", StringComparison.Ordinal));
        image.Replies.Count.ShouldBe(400);
        (await region.NoteAsync("a", "x", new RequestOptions { IdempotencyKey = "new-7" })).ValueOrThrow()
            .ShouldBe(150 + 8, "the reply of that time");

        async Task KeyedAsync(string prefix, int count)
        {
            for (var i = 0; i < count; i++)
                await region.NoteAsync("a", "x", new RequestOptions { IdempotencyKey = $"{prefix}-{i}" });
        }
    }

    [Fact]
    public async Task Writes_ManyAtOnce_AreAllThere()
    {
        await using var region = await TestRegion.StartAsync("here");
        var writes = Enumerable.Range(0, 2_000).Select(i => region.NoteAsync($"e{i % 50}", $"w{i}").AsTask()).ToArray();
        foreach (var reply in await Task.WhenAll(writes))
            reply.Failure.ShouldBeNull();
        for (var i = 0; i < 50; i++)
            (await region.WordsAsync($"e{i}")).ValueOrThrow().Split(' ').Length.ShouldBe(40);
    }

    [Theory]
    [InlineData("", "k")]
    [InlineData("..", "k")]
    [InlineData("a\u0007", "k")]
    [InlineData("a", "key with spaces")]
    public async Task Request_WithABadIdOrKey_IsRefusedAndChangesNothing(string id, string key)
    {
        await using var region = await TestRegion.StartAsync("here");
        var reply = await region.NoteAsync(id, "one", new RequestOptions { IdempotencyKey = key });
        reply.Failure!.Error.ShouldBeOneOf(ErrorCodes.InvalidEntityId, ErrorCodes.InvalidIdempotencyKey);
        (await region.WordsAsync("a")).ValueOrThrow().ShouldBe("");
    }

    [Fact]
    public async Task Request_AfterTheStop_IsRefused()
    {
        await using var region = await TestRegion.StartAsync("here");
        await region.Runtime.DisposeAsync();
        (await region.NoteAsync("a", "one")).Failure!.Error.ShouldBe(ErrorCodes.Stopping);
    }

    [Fact]
    public async Task Kernel_Throws_EveryWaitingRequestFailsAndTheInstanceIsNotReady()
    {
        await using var region = await TestRegion.StartAsync("here");
        await region.NoteAsync("a", "one");
        region.Journal.Breaks = true;
        var underWay = Enumerable.Range(0, 50).Select(i => region.NoteAsync($"e{i % 5}", "w").AsTask()).ToArray();
        await Eventually.BeTrue(() => region.Journal.IsWaiting, "an append under way");
        var patient = region.WordsAsync("a", new RequestOptions { Deadline = TimeSpan.FromHours(1) }).AsTask();
        region.Journal.Release();

        var bound = TimeSpan.FromSeconds(10);
        foreach (var reply in await Task.WhenAll(underWay).WaitAsync(bound, TestContext.Current.CancellationToken))
            reply.Failure!.Error.ShouldBe(ErrorCodes.InstanceFailed);
        (await patient).Failure?.Error.ShouldBe(ErrorCodes.InstanceFailed); // or it was answered in time

        region.Runtime.IsServing.ShouldBeFalse();
        await Should.ThrowAsync<ArgumentOutOfRangeException>(region.Runtime.Ended);
        (await region.NoteAsync("a", "two")).Failure!.Error.ShouldBe(ErrorCodes.Stopping);
        await Should.ThrowAsync<PelagoException>(
            async () => await region.Runtime.DescribeAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Journal_ThatIsOver_EndsTheRuntimeSoThatTheProcessStartsAnew()
    {
        await using var region = await TestRegion.StartAsync("here");
        await region.NoteAsync("a", "one");
        region.Journal.Refusal = new Failure(ErrorCodes.JournalStoreFailed, "The disk is full.");
        (await region.NoteAsync("a", "two")).Failure!.Error.ShouldBe(ErrorCodes.JournalUnavailable);
        region.Runtime.Ended.IsCompleted.ShouldBeFalse("it may go on by itself");

        region.Journal.Refusal = new Failure(ErrorCodes.JournalReplaced, "The server was restored.");
        (await region.NoteAsync("a", "two")).Failure.ShouldNotBeNull();
        var e = await Should.ThrowAsync<InvalidOperationException>(
            region.Runtime.Ended.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        e.InnerException.ShouldBeOfType<PelagoException>().Failure.Error.ShouldBe(ErrorCodes.JournalReplaced);
        region.Runtime.IsServing.ShouldBeFalse();
    }

    [Fact]
    public async Task Read_WhoseProjectionThrows_FailsAloneAndTheLoopGoesOn()
    {
        await using var region = await TestRegion.StartAsync("here");
        var reply = await region.Runtime.ReadAsync<int>(region.Type, "a",
            _ => throw new InvalidOperationException("planted"), RequestOptions.Default,
            TestContext.Current.CancellationToken);

        reply.Failure!.Error.ShouldBe(ErrorCodes.CommandFailed);
        (await region.NoteAsync("a", "one")).ValueOrThrow().ShouldBe(1);
    }

    [Fact]
    public async Task Read_WhoseProjectionThrows_IsInTheLogWithWhatItThrew()
    {
        await using var region = await TestRegion.StartAsync("here");
        var log = new ErrorLog();
        region.Logger = log;
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        await region.Runtime.ReadAsync<int>(region.Type, "a",
            _ => throw new InvalidOperationException("planted"), RequestOptions.Default,
            TestContext.Current.CancellationToken);

        log.Errors.ShouldHaveSingleItem().Message.ShouldBe("planted");
    }

    [Fact]
    public async Task Look_ThatThrows_FailsAloneAndTheLoopGoesOn()
    {
        await using var region = await TestRegion.StartAsync("here");
        await Should.ThrowAsync<InvalidOperationException>(async () => await region.Runtime.InspectAsync<int>(
            (_, _) => throw new InvalidOperationException("planted"), TestContext.Current.CancellationToken));
        (await region.NoteAsync("a", "one")).ValueOrThrow().ShouldBe(1);
    }

    private sealed class ErrorLog : ILogger
    {
        public ConcurrentQueue<Exception> Errors { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (exception is not null)
                Errors.Enqueue(exception);
        }
    }
}
