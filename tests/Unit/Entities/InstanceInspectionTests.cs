using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

/// <summary>What an instance tells about itself, over real HTTP.</summary>
public sealed class InstanceInspectionTests : IAsyncLifetime
{
    private TestInstance instance = null!;

    private TestRegion Region => instance.Region;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var region = await TestRegion.StartAsync("eu-west-1");
        instance = await TestInstance.StartAsync(region, (app, runtime, access) =>
        {
            app.MapInspection(runtime);
            app.MapQuarantine(runtime, access);
        });
    }

    public ValueTask DisposeAsync() => instance.DisposeAsync();

    [Fact]
    public async Task Instance_ThatStarts_IsAliveAndNotReady()
    {
        instance.Runtime = null;
        (await instance.StatusOfGetAsync("/alive")).ShouldBe(HttpStatusCode.OK);
        foreach (var path in new[] { "/ready", "/v1/replication", "/v1/digests", "/v1/conflicts", "/v1/journal" })
            (await instance.StatusOfGetAsync(path)).ShouldBe(HttpStatusCode.ServiceUnavailable, path);
        (await instance.StatusOfGetAsync("/v1/about")).ShouldBe(HttpStatusCode.OK);
        instance.Runtime = Region.Runtime;
        (await instance.StatusOfGetAsync("/ready")).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Digests_AfterWrites_CountEntitiesAndEvents()
    {
        await Region.NoteAsync("a", "one");
        await Region.NoteAsync("a", "two");
        var digests = await instance.Http.GetFromJsonAsync<JsonElement>("/v1/digests", Stop);
        digests.GetProperty("region").GetString().ShouldBe("eu-west-1");
        var slice = digests.GetProperty("slices").EnumerateArray().Single();
        slice.GetProperty("slice").GetInt32().ShouldBe(new EntityKey("tally", "a").Slice);
        (slice.GetProperty("entities").GetInt64(), slice.GetProperty("events").GetInt64()).ShouldBe((1, 2));
        var entities = await instance.Http.GetFromJsonAsync<JsonElement>(
            $"/v1/digests/entities?slice={slice.GetProperty("slice")}", Stop);
        entities.GetProperty("entities").EnumerateArray().Single().GetProperty("id").GetString().ShouldBe("a");
    }

    [Fact]
    public async Task Conflicts_InPages_AreAllOfThemOnceAndOldestFirst()
    {
        await Region.NoteAsync("a", "one");
        await RecordAsync("a", 1, 5);

        var seen = new List<string>();
        var (after, pages) = (0L, 0);
        do
        {
            var page = (await instance.Http.GetFromJsonAsync($"/v1/conflicts?limit=2&after={after}",
                ConflictJson.Default.ConflictPageView, Stop))!;
            page.Region.ShouldBe("eu-west-1");
            seen.AddRange(page.Conflicts.Select(c => $"{c.Type}/{c.Id} {c.Kind} {c.Sequence} {c.Reason}"));
            (after, pages) = (page.Next, pages + 1);
        }
        while (after != 0);
        seen.ShouldBe(Enumerable.Range(1, 5).Select(i => $"tally/a RefusedByFold {i} reason {i}"));
        pages.ShouldBe(3);

        await RecordAsync("a", 6, 6); // a cursor that was at the end finds what came later
        var later = (await instance.Http.GetFromJsonAsync($"/v1/conflicts?limit=100",
            ConflictJson.Default.ConflictPageView, Stop))!;
        later.Conflicts.Count.ShouldBe(6);
        later.Next.ShouldBe(0);
    }

    [Fact]
    public async Task Events_OfAnEntity_AreHashedByOriginAndNumber()
    {
        await Region.NoteAsync("a", "one");
        await Region.NoteAsync("a", "two");

        var events = (await instance.Http.GetFromJsonAsync(
            "/v1/digests/events?type=tally&id=a", DigestJson.Default.EventDigestsView, Stop))!;

        var (origin, hashes) = events.Origins.Single();
        origin.ShouldBe(OwnOrigin.ToString());
        hashes.Count.ShouldBe(2);
        hashes.ShouldAllBe(h => h.Length == 16);
        events.Complete.ShouldBeTrue();
        (await instance.Http.GetFromJsonAsync(
            "/v1/digests/events?type=tally&id=none", DigestJson.Default.EventDigestsView, Stop))!
            .Origins.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, "wrong", "a", 1, "b has another")]
    [InlineData(HttpStatusCode.NotFound, "secret", "a", 2, "b has another")]
    [InlineData(HttpStatusCode.NotFound, "secret", "other", 1, "b has another")]
    [InlineData(HttpStatusCode.BadRequest, "secret", "", 1, "b has another")]
    [InlineData(HttpStatusCode.BadRequest, "secret", "a", 1, "two\nlines")]
    public async Task Quarantine_WithoutTheSecretOrTheEvent_IsRefusedAndChangesNothing(
        HttpStatusCode status, string secret, string id, ulong sequence, string where)
    {
        await Region.NoteAsync("a", "one");

        (await QuarantineAsync(secret, new QuarantineRequest("tally", id, OwnOrigin.ToString(), sequence, where)))
            .ShouldBe(status);

        (await Region.NoteAsync("a", "two")).Failure.ShouldBeNull();
    }

    [Fact]
    public async Task Quarantine_OfAnEvent_StaysInTheNextProcess()
    {
        await Region.NoteAsync("a", "one");

        (await QuarantineAsync("secret", new QuarantineRequest("tally", "a", OwnOrigin.ToString(), 1, "b has another")))
            .ShouldBe(HttpStatusCode.Accepted);

        (await Region.NoteAsync("a", "two")).Failure!.Error.ShouldBe(ErrorCodes.EntityForked);
        await Eventually.BeTrue(
            async () => (await Region.Journal.ReadConflictsAsync(0, 10, Stop)).Conflicts
                is [{ Kind: ConflictKind.Fork }],
            "the ledger's entry", TimeSpan.FromSeconds(10));
        await Region.Runtime.DisposeAsync();
        await Region.StartAgainAsync();
        (await Region.NoteAsync("a", "two")).Failure!.Error.ShouldBe(ErrorCodes.EntityForked);
        (await Region.NoteAsync("b", "one")).Failure.ShouldBeNull();
    }

    [Theory]
    [InlineData("/v1/digests/events?type=tally")]
    [InlineData("/v1/digests/events?id=a")]
    [InlineData("/v1/conflicts?limit=0")]
    [InlineData("/v1/conflicts?limit=x")]
    [InlineData("/v1/conflicts?limit=10001")]
    [InlineData("/v1/conflicts?after=-1")]
    [InlineData("/v1/conflicts?after=99999999999999999999")]
    [InlineData("/v1/digests?slice=1024")]
    [InlineData("/v1/digests?slice=-1")]
    [InlineData("/v1/digests/entities")]
    public async Task Query_ThatIsNone_IsRefused(string path)
        => (await instance.StatusOfGetAsync(path)).ShouldBe(HttpStatusCode.BadRequest);

    [Fact]
    public async Task Replication_WithParkedEntities_CountsAllAndNamesTheFirstFive()
    {
        string[] ids = ["g", "f", "e", "d", "c", "b", "a"];
        foreach (var id in ids)
            await Region.NoteAsync(id, "one");
        await Region.NoteAsync("whole", "one");
        var healthy = await ReplicationAsync();
        (healthy.ParkedCount, healthy.Parked.Count, healthy.Journal).ShouldBe((0, 0, null));
        await Region.Runtime.DisposeAsync();
        using (var database = Database.Open(Region.DatabasePath, create: false, 1024))
            database.Execute("UPDATE event SET timestamp = timestamp + 1 WHERE id <= 7");
        await Region.StartAgainAsync();
        instance.Runtime = Region.Runtime;

        foreach (var id in ids)
            (await Region.WordsAsync(id)).Failure!.Error.ShouldBe(ErrorCodes.JournalDamaged, id);
        (await Region.WordsAsync("whole")).Value.ShouldBe("one");

        var described = await ReplicationAsync();
        described.ParkedCount.ShouldBe(7);
        described.Parked.Select(p => p.Type + "/" + p.Id)
            .ShouldBe(["tally/a", "tally/b", "tally/c", "tally/d", "tally/e"]);
        var first = described.Parked[0];
        (first.Code, first.Reason).ShouldBe(("PLG4006", "In the journal, row 1 of tally/a is damaged, was altered, or "
            + "is missing."));
        first.Next.ShouldContain("everything else goes on");
    }

    [Fact]
    public async Task Digests_OfADamagedEntity_MakeItKnownAsParked()
    {
        await Region.NoteAsync("a", "one");
        await Region.Runtime.DisposeAsync();
        using (var database = Database.Open(Region.DatabasePath, create: false, 1024))
            database.Execute("UPDATE event SET timestamp = timestamp + 1");
        await Region.StartAgainAsync();
        instance.Runtime = Region.Runtime;
        (await ReplicationAsync()).ParkedCount.ShouldBe(0, "nobody has asked for it yet");

        var slice = new EntityKey("tally", "a").Slice;
        var digests = await instance.Http.GetFromJsonAsync(
            $"/v1/digests/entities?slice={slice}", DigestJson.Default.SliceEntitiesView, Stop);

        digests!.Entities.Single().StateHash.ShouldBeEmpty();
        (await ReplicationAsync()).ParkedCount.ShouldBe(1);
    }

    [Fact]
    public async Task Replication_MemoryRunsShort_ParkedEntitiesAreStillKnown()
    {
        var lane = new EntityKey("tally", "parked").Lane;
        var others = Enumerable.Range(0, 10_000).Select(i => $"{i}")
            .Where(id => new EntityKey("tally", id).Lane == lane).Take(30).ToList();
        await Region.NoteAsync("parked", "one");
        await Region.Runtime.DisposeAsync();
        using (var database = Database.Open(Region.DatabasePath, create: false, 1024))
            database.Execute("UPDATE event SET timestamp = timestamp + 1");
        Region.EntityMemoryBytes = 5_000 * EntityKey.Lanes;
        await Region.StartAgainAsync();
        instance.Runtime = Region.Runtime;

        (await Region.WordsAsync("parked")).Failure.ShouldNotBeNull();
        foreach (var id in others)
            await Region.NoteAsync(id, "one");

        await Eventually.BeTrue(async () => (await Region.Runtime.DescribeAsync(Stop)).Counts
            .GetValueOrDefault(nameof(Probe.EntityEvicted)) > 0, "some are evicted");
        (await ReplicationAsync()).Parked.Single().Id.ShouldBe("parked");
    }

    [Fact]
    public async Task Replication_JournalThatTakesNoWrite_SaysWhyWhileItServes()
    {
        await Region.NoteAsync("a", "one");
        await Region.Runtime.DisposeAsync();
        Zero("conflict");
        await Region.StartAgainAsync();
        instance.Runtime = Region.Runtime;
        await RecordAsync("a", 1, 1); // which only the writer needs that page for
        var trouble = (await ReplicationAsync()).Journal.ShouldNotBeNull();
        trouble.Code.ShouldBe("PLG4006");
        trouble.Message.ShouldContain("writes and replication that need it fail, everything else goes on");
    }

    [Fact]
    public async Task Replication_Alarms_AreCountedByKindAndKeptForLater()
    {
        foreach (var id in new[] { "a", "b", "c", "d", "e", "f" })
            await Region.NoteAsync(id, "one");
        (await ReplicationAsync()).Alarms.ShouldBeEmpty();

        foreach (var id in new[] { "a", "b", "c", "d", "e", "f" })
            (await QuarantineAsync("secret", new QuarantineRequest("tally", id, OwnOrigin.ToString(), 1, "b differs")))
                .ShouldBe(HttpStatusCode.Accepted);

        var alarm = (await ReplicationAsync()).Alarms.Single();
        (alarm.Kind, alarm.Count, alarm.Texts.Count).ShouldBe(("Fork", 6, 5));
        alarm.Texts[0].ShouldContain("tally/f");
        alarm.Next.ShouldContain("pelago verify");
        (await ReplicationAsync()).Alarms.Single().LastAt.ShouldBe(alarm.LastAt);
    }

    [Fact]
    public async Task About_Instance_IsItsVersion()
        => (await instance.Http.GetFromJsonAsync("/v1/about", InstanceJson.Default.InstanceAbout, Stop))!.Version
            .ShouldBe(BuildIdentity.Current.Version);

    private async Task<InstanceReplication> ReplicationAsync()
        => (await instance.Http.GetFromJsonAsync("/v1/replication", InstanceJson.Default.InstanceReplication, Stop))!;

    /// <summary>Loses the first page of a table.</summary>
    private void Zero(string table)
    {
        long page;
        using (var database = Database.Open(Region.DatabasePath, create: false, 1024))
            page = database.Number($"SELECT rootpage FROM sqlite_master WHERE name = '{table}'");
        using var file = File.OpenWrite(Region.DatabasePath);
        file.Position = (page - 1) * 4096;
        file.Write(new byte[4096]);
    }

    private Origin OwnOrigin => new(Region.Name, Region.Journal.Identity.Incarnation.ShouldNotBeNull());

    private Task<HttpStatusCode> QuarantineAsync(string secret, QuarantineRequest fork)
        => instance.StatusOfPostAsync(QuarantineEndpoint.Path,
            JsonSerializer.Serialize(fork, DigestJson.Default.QuarantineRequest), secret);

    private async Task RecordAsync(string id, int from, int to)
    {
        var key = new EntityKey("tally", id);
        var origin = new Origin(Region.Name, Region.Journal.Identity.Incarnation.ShouldNotBeNull());
        var lane = await Region.Journal.AcquireLaneAsync(key.Lane, Stop);
        await Region.Journal.AppendAsync([new LaneBatch
        {
            Lane = key.Lane,
            Epoch = lane.Epoch,
            Conflicts = [.. Enumerable.Range(from, to - from + 1).Select(i => new ConflictRecord(
                key, ConflictKind.RefusedByFold, origin, (ulong)i, i * 1000, $"reason {i}"))],
        }], Stop);
    }
}
