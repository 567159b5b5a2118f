using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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
    private readonly HttpClient http = new();
    private TestRegion region = null!;
    private WebApplication app = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(), types: Types);
        app = LoopbackListener.Create(
            Model.Endpoint.Loopback(0), HttpProtocols.Http1, 1024 * 1024, NullLoggerFactory.Instance);
        app.MapJournalRuns(() => region.Runtime, () => new ReplicationAccess("secret", "s", "p", () => []));
        await app.StartAsync(Stop);
        http.BaseAddress = new Uri(app.Urls.Single());
        for (var i = 0; i < 3; i++)
        {
            (await region.Runtime.SendAsync(Types.Of<Leaf>(), "a", new GrowLeaf(), RequestOptions.Default, Stop))
                .Failure.ShouldBeNull();
            (await region.Runtime.SendAsync(Types.Of<Twig>(), "a", new GrowTwig(), RequestOptions.Default, Stop))
                .Failure.ShouldBeNull();
        }
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.DisposeAsync();
        await region.DisposeAsync();
    }

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

        region.Runtime.JournalRuns.Last(JournalRunKind.Compact).ShouldBeNull();
        (await RowsAsync("leaf")).ShouldBe(3);
    }

    [Fact]
    public async Task Compaction_WhileOneOfAnotherTypeIsUnderWay_IsRefused()
    {
        var release = new TaskCompletionSource<CompactionReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var runs = new JournalRuns(region.Journal, TimeProvider.System, NullLogger.Instance)
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
        => (await region.Journal.LoadHistoryAsync(new Model.EntityKey(type, "a"), Stop)).Rows.Count;

    private async Task<HttpStatusCode> StartAsync(string kind, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/journal/{kind}")
        {
            Content = new StringContent(json, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")),
        };
        request.Headers.Add(ReplicationAccess.SecretHeader, "secret");
        using var answer = await http.SendAsync(request, Stop);
        return answer.StatusCode;
    }

    private async Task<JournalRunView> EndAsync()
    {
        JournalRunView? run = null;
        await Eventually.BeTrue(async () => (run = await http.GetFromJsonAsync(
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
