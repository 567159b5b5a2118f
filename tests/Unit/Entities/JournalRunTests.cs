using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Tests.Unit.Entities;

/// <summary>Checks and counts of a journal that is in use, over real HTTP.</summary>
public sealed class JournalRunTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private TestInstance instance = null!;

    private TestRegion Region => instance.Region;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var region = await TestRegion.StartAsync("eu-west-1");
        instance = await TestInstance.StartAsync(
            region, (app, runtime, access) => app.MapJournalRuns(runtime, access));
    }

    public ValueTask DisposeAsync() => instance.DisposeAsync();

    [Fact]
    public async Task Check_OfASoundJournal_FindsNothingAndCountsItsRows()
    {
        await Region.NoteAsync("a", "one");
        await Region.NoteAsync("b", "two");

        var run = await RunAsync("check");

        (run.Region, run.Kind, run.State, run.Rows).ShouldBe(("eu-west-1", "Check", "Done", 2));
        run.Damage.ShouldNotBeNull().ShouldBeEmpty();
        run.Stats.ShouldBeNull();
    }

    [Fact]
    public async Task Check_OfAJournalWhoseIndexLacksARow_NamesTheRow()
    {
        for (var i = 0; i < 3; i++)
            await Region.NoteAsync("a", $"word {i}");
        await Region.Runtime.DisposeAsync();
        using (var database = Database.Open(Region.DatabasePath, create: false, 1024))
        {
            // As if the run that indexes these rows were done, and one entry had been lost since.
            database.Execute("INSERT INTO entity_row SELECT entity, local_sequence, id FROM event WHERE id < 3");
            database.Execute("INSERT INTO lane_row SELECT lane, position, id FROM event");
            var heads = new byte[EntityKey.Lanes * 8];
            BinaryPrimitives.WriteUInt64BigEndian(heads.AsSpan(new EntityKey("tally", "a").Lane * 8), 3);
            database.Execute(
                $"UPDATE run SET through = 3, heads = x'{Convert.ToHexString(heads)}' WHERE kind = 1");
        }
        await Region.StartAgainAsync();
        instance.Runtime = Region.Runtime;

        var run = await RunAsync("check");

        run.Damage.ShouldNotBeNull().ShouldHaveSingleItem().Message.ShouldContain("is not in the index entity_row");
    }

    [Fact]
    public async Task Stats_OfAJournal_NameKeysAndCounts()
    {
        await Region.NoteAsync("a", "one");
        await Region.NoteAsync("a", "two");

        var stats = (await RunAsync("stats")).Stats.ShouldNotBeNull();

        (stats.Rows, stats.Entities, stats.Heads.Count).ShouldBe((2, 1, 32));
        stats.Bytes.ShouldBeGreaterThan(0);
        var key = stats.Keys.ShouldHaveSingleItem();
        (key.Number, key.Rows).ShouldBe((1, 2));
        key.Kek.ShouldNotBeEmpty();
        stats.Newest.ShouldNotBeNull().ShouldBeGreaterThanOrEqualTo(stats.Oldest.ShouldNotBeNull());
    }

    [Fact]
    public async Task Rekey_OfBoth_SealsNewRowsUnderNewKeysAndKeepsTheOld()
    {
        await Region.NoteAsync("a", "one");
        var renewal = (await RunAsync("rekey")).Renewal.ShouldNotBeNull();
        await Region.NoteAsync("a", "two");
        var rewrapped = (await RunAsync("rekey-kek")).Renewal.ShouldNotBeNull();
        await Region.NoteAsync("a", "three");

        (renewal.DataKey, renewal.Rewrapped).ShouldBe((3, 0));
        (rewrapped.DataKey, rewrapped.Rewrapped).ShouldBe((3, 3));
        rewrapped.Kek.ShouldNotBe(renewal.Kek);
        var keys = (await RunAsync("stats")).Stats.ShouldNotBeNull().Keys;
        keys.Select(k => (k.Number, k.Kek, k.Rows)).ShouldBe([(1, rewrapped.Kek, 1), (3, rewrapped.Kek, 2)]);
        await Region.Runtime.DisposeAsync();
        await Region.StartAgainAsync();
        (await Region.WordsAsync("a")).Value.ShouldBe("one two three");
    }

    [Fact]
    public async Task Run_WithoutTheSecretOrAKind_IsRefused()
    {
        (await instance.StatusOfGetAsync("/v1/journal/check")).ShouldBe(HttpStatusCode.NotFound, "none yet");
        (await StartAsync("check", "wrong")).ShouldBe(HttpStatusCode.Forbidden);
        (await StartAsync("mend", "secret")).ShouldBe(HttpStatusCode.NotFound);
        (await instance.StatusOfGetAsync("/v1/journal/mend")).ShouldBe(HttpStatusCode.NotFound);
        (await instance.StatusOfGetAsync("/v1/journal/check")).ShouldBe(HttpStatusCode.NotFound, "none started");
        instance.Runtime = null;
        (await StartAsync("check", "secret")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await instance.StatusOfGetAsync("/v1/journal/check")).ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Run_WhileOneIsUnderWay_JoinsIt()
    {
        var held = new HeldJournal();
        await using var runs = Runs(held);
        var first = runs.Start(JournalRunKind.Check).ShouldNotBeNull();
        await Eventually.BeTrue(() => runs.Last(JournalRunKind.Check)!.Rows == 7, "it is under way", Patience);
        runs.Start(JournalRunKind.Check)!.StartedAt.ShouldBe(first.StartedAt);
        held.Checks.ShouldBe(1);

        held.Release.SetResult();
        await Eventually.BeTrue(() => runs.Last(JournalRunKind.Check)!.EndedAt is not null, "its end", Patience);
        runs.Last(JournalRunKind.Check)!.Failure.ShouldBeNull();
        runs.Start(JournalRunKind.Check)!.EndedAt.ShouldBeNull("the next is another");
    }

    [Fact]
    public async Task Run_UnderWayAtTheEnd_IsEndedAndSaysSo()
    {
        var held = new HeldJournal();
        var runs = Runs(held);
        runs.Start(JournalRunKind.Check);
        await Eventually.BeTrue(() => held.Checks == 1, "it is under way", Patience);

        await runs.DisposeAsync();

        var last = runs.Last(JournalRunKind.Check)!;
        last.EndedAt.ShouldNotBeNull();
        last.Failure.ShouldNotBeNull().Error.ShouldBe(Model.ErrorCodes.JournalUnavailable);
    }

    private async Task<JournalRunView> RunAsync(string kind)
    {
        (await StartAsync(kind, "secret")).ShouldBe(HttpStatusCode.Accepted);
        JournalRunView? run = null;
        await Eventually.BeTrue(async () => (run = await instance.Http.GetFromJsonAsync(
            $"/v1/journal/{kind}", JournalRunJson.Default.JournalRunView, Stop))?.EndedAt is not null, "its end",
            Patience);
        return run!;
    }

    private Task<HttpStatusCode> StartAsync(string kind, string secret)
        => instance.StatusOfPostAsync($"/v1/journal/{kind}", json: null, secret);

    /// <summary>A journal whose check lasts until it is released.</summary>
    private sealed class HeldJournal : UnusedJournal
    {
        public int Checks { get; private set; }

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask<JournalReport> CheckAsync(
            IProgress<long>? progress, CancellationToken cancellationToken)
        {
            Checks++;
            progress?.Report(7);
            await Release.Task.WaitAsync(cancellationToken);
            return new JournalReport(7, []);
        }
    }

    private static JournalRuns Runs(IJournal journal) => new(journal, TimeProvider.System, NullLogger.Instance)
    {
        Compact = (_, _, _) => throw new InvalidOperationException("Nobody compacts here."),
    };
}
