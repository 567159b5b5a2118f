using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Journal;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

/// <summary>Compactions of one entity type, over real HTTP.</summary>
public sealed partial class TypeCompactionTests : IAsyncLifetime
{
    private static readonly EntityTypes Types = new([EntityType.Of<Leaf>(), EntityType.Of<Twig>()]);
    private TestInstance instance = null!;

    private TestRegion Region => instance.Region;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(), types: Types);
        instance = await TestInstance.StartAsync(
            region, (app, runtime, access) => app.MapJournalRuns(runtime, access));
        for (var i = 0; i < 3; i++)
        {
            (await Region.Runtime.SendAsync(Types.Of<Leaf>(), "a", new GrowLeaf(), RequestOptions.Default, Stop))
                .Failure.ShouldBeNull();
            (await Region.Runtime.SendAsync(Types.Of<Twig>(), "a", new GrowTwig(), RequestOptions.Default, Stop))
                .Failure.ShouldBeNull();
        }
    }

    public ValueTask DisposeAsync() => instance.DisposeAsync();

    [Fact]
    public async Task Compaction_OfOneType_LeavesTheRowsOfOthers()
    {
        (await StartAsync("compact", "{\"type\":\"leaf\"}")).ShouldBe(HttpStatusCode.Accepted);
        var run = await EndAsync();

        (run.Type, run.Compaction!.Removed, run.Compaction.Entities).ShouldBe(("leaf", 3, 1));
        (await RowsAsync("leaf")).ShouldBe(0);
        (await RowsAsync("twig")).ShouldBe(3);
        (await StartAsync("compact", "{}")).ShouldBe(HttpStatusCode.Accepted);
        (await EndAsync()).ShouldSatisfyAllConditions(
            r => r.Type.ShouldBeNull(), r => r.Compaction!.Removed.ShouldBe(3));
    }

    [Fact]
    public async Task Compaction_OfNoType_IsRefusedAndChangesNothing()
    {
        (await StartAsync("compact", "{\"type\":\"root\"}")).ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await StartAsync("check", "{\"type\":\"leaf\"}")).ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await StartAsync("compact", "{\"type\":7}")).ShouldBe(HttpStatusCode.BadRequest);
        (await StartAsync("compact", "{")).ShouldBe(HttpStatusCode.BadRequest);

        Region.Runtime.JournalRuns.Last(JournalRunKind.Compact).ShouldBeNull();
        (await RowsAsync("leaf")).ShouldBe(3);
    }

    [Fact]
    public async Task Compaction_WhileOneOfAnotherTypeIsUnderWay_IsRefused()
    {
        var release = new TaskCompletionSource<CompactionReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var runs = new JournalRuns(Region.Journal, TimeProvider.System, NullLogger.Instance)
        {
            Compact = (_, _, _) => release.Task,
        };
        var first = runs.Start(JournalRunKind.Compact, "leaf").ShouldNotBeNull();

        runs.Start(JournalRunKind.Compact, "twig").ShouldBeNull();
        runs.Start(JournalRunKind.Compact).ShouldBeNull();
        runs.Start(JournalRunKind.Compact, "leaf")!.StartedAt.ShouldBe(first.StartedAt);
        release.SetResult(new CompactionReport(0, 0, 0, new Dictionary<string, long>(), null));
    }

    private async Task<int> RowsAsync(string type)
        => (await Region.Journal.LoadHistoryAsync(new Model.EntityKey(type, "a"), Stop)).Rows.Count;

    private Task<HttpStatusCode> StartAsync(string kind, string json)
        => instance.StatusOfPostAsync($"/v1/journal/{kind}", json);

    private async Task<JournalRunView> EndAsync()
    {
        JournalRunView? run = null;
        await Eventually.BeTrue(async () => (run = await instance.Http.GetFromJsonAsync(
            "/v1/journal/compact", JournalRunJson.Default.JournalRunView, Stop))?.EndedAt is not null, "its end");
        return run!;
    }

    internal sealed record Leaf(int Count) : IEntity<Leaf>
    {
        public static void Define(EntityDefinition<Leaf> entity) => entity
            .Named("leaf").Merge(MergeStrategy.Ordered).Compact()
            .State(_ => new Leaf(0), TreeJson.Default.Leaf)
            .Event("grown", TreeJson.Default.Grown, (leaf, _) => new Leaf(leaf.Count + 1))
            .Command<GrowLeaf, int>(TreeJson.Default.Int32, (_, _, _) => Effect.Persist(new Grown())
                .ThenReply<Leaf, int>(leaf => leaf.Count));
    }

    internal sealed record Twig(int Count) : IEntity<Twig>
    {
        public static void Define(EntityDefinition<Twig> entity) => entity
            .Named("twig").Merge(MergeStrategy.Ordered).Compact()
            .State(_ => new Twig(0), TreeJson.Default.Twig)
            .Event("grown", TreeJson.Default.Grown, (twig, _) => new Twig(twig.Count + 1))
            .Command<GrowTwig, int>(TreeJson.Default.Int32, (_, _, _) => Effect.Persist(new Grown())
                .ThenReply<Twig, int>(twig => twig.Count));
    }

    internal sealed record Grown;

    private sealed record GrowLeaf : ICommand<int>;

    private sealed record GrowTwig : ICommand<int>;

    [JsonSerializable(typeof(Leaf))]
    [JsonSerializable(typeof(Twig))]
    [JsonSerializable(typeof(Grown))]
    [JsonSerializable(typeof(int))]
    private sealed partial class TreeJson : JsonSerializerContext;
}
