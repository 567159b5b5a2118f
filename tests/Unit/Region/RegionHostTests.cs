using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Pelago.Client;
using Pelago.Model;
using Pelago.Region;

namespace Pelago.Tests.Unit;

public sealed class RegionHostTests
{
    private static readonly byte[] NotAProgram = Encoding.UTF8.GetBytes("not an image layout");
    private static readonly string NotAProgramDigest = "sha256:"
        + Convert.ToHexStringLower(SHA256.HashData(NotAProgram));

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Region_WithoutItsIdentity_SaysThatItWaitsAndGoesOnOnceItIsBack()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        var region = group.Regions[0];
        await region.StopAsync();
        var file = Path.Combine(region.Home, "identity.json");
        File.Move(file, file + ".away");

        var starting = region.StartAsync();
        await Eventually.BeTrue(() => RoleFailure.Read(region.Home) is { IsWaiting: true },
            "it says what it waits for");
        RoleFailure.Read(region.Home)!.Trouble.Code.ShouldBe("PLG3109");
        starting.IsCompleted.ShouldBeFalse();
        File.Move(file + ".away", file);
        await starting;
        RoleFailure.Read(region.Home).ShouldBeNull();
    }

    [Fact]
    public async Task Region_EnrolsOnce_AndStartsColdWithoutTheFederationPlane()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        var region = group.Regions[0];
        File.Exists(region.Config.EnrolmentTicketFile).ShouldBeFalse("the ticket is consumed");
        await region.StopAsync();
        await group.Federation.StopAsync();

        await region.StartAsync();

        using var client = region.Client();
        var view = await client.WaitAsync("ready", v => v.State == "Ready", TimeSpan.FromSeconds(20), Stop);
        view.Name.ShouldBe("us-east-1");
        await group.Federation.StartAsync();
    }

    [Fact]
    public async Task Service_PutInOneRegion_ArrivesInTheOtherWithItsArtifact()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1", "eu-west-1");
        var (us, eu) = (group.Regions[0], group.Regions[1]);
        using var there = us.Client();
        using var here = eu.Client();
        await there.UploadArtifactAsync(NotAProgramDigest, new MemoryStream(NotAProgram), NotAProgram.Length, null,
            Stop);

        var stored = await there.PutServiceAsync(Service(), Stop);

        stored.Metadata.Uid.ShouldNotBeNull();
        stored.Metadata.Generation.ShouldBe(1);
        await Eventually.BeTrue(async () => await HasServiceAsync(here), "the resource is in eu-west-1");
        var arrived = await here.GetServiceAsync("demo", "bookstore", Stop);
        arrived.Metadata.Uid.ShouldBe(stored.Metadata.Uid);
        await Eventually.BeTrue(() => here.HasArtifactAsync(NotAProgramDigest, Stop), "the artifact is in eu-west-1");
        await here.WaitAsync("the bad artifact is named", v
            => v.Services.Any(s => s.Message?.Contains("PLG1304", StringComparison.Ordinal) == true),
            TimeSpan.FromSeconds(20), Stop);
    }

    [Fact]
    public async Task Status_OfAService_IsPutTogetherWhereItIsAsked()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1", "eu-west-1");
        var (us, eu) = (group.Regions[0], group.Regions[1]);
        using var there = us.Client();
        using var here = eu.Client();
        await there.UploadArtifactAsync(NotAProgramDigest, new MemoryStream(NotAProgram), NotAProgram.Length, null,
            Stop);
        await there.PutServiceAsync(Service(), Stop);

        var view = await here.WaitAsync("what us-east-1 says is known here", v => v.Services.Any(s => s.Regions.All(r
            => r.State == "Fetching" && r.ObservedGeneration == 1 && r.ReportedAt is not null)),
            TimeSpan.FromSeconds(30), Stop);
        view.Services.Single().Regions.Select(r => r.Region).ShouldBe(["eu-west-1", "us-east-1"]);
        var resource = await here.GetServiceAsync("demo", "bookstore", Stop);
        resource.Status!.Regions.Select(r => r.Name).ShouldBe(["eu-west-1", "us-east-1"]);
        var ready = resource.Status.Conditions.Single(c => c.Type == "Ready");
        ready.Status.ShouldBe("False");
        ready.Message.ShouldContain("us-east-1: ");

        await us.StopAsync();
        await here.WaitAsync("us-east-1 is not heard of", v => v.Services.Single().Regions
            .Single(r => r.Region == "us-east-1") is { State: "Unknown", ReportedAt: not null },
            TimeSpan.FromSeconds(30), Stop);
        await here.DeleteServiceAsync("demo", "bookstore", Stop);
        await us.StartAsync();
        await there.WaitAsync("the deletion arrives", v => v.Services.Count == 0, TimeSpan.FromSeconds(30), Stop);
        (await Should.ThrowAsync<PelagoException>(() => there.DeleteServiceAsync("demo", "bookstore", Stop)))
            .Failure.Error.ShouldBe(ErrorCodes.ResourceNotFound);
    }

    [Fact]
    public async Task Health_JournalThatCannotBeWritten_IsUnhealthyUntilItCan()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        var region = group.Regions[0];
        using var api = new ApiClient(region);
        await Eventually.BeTrue(async () => await HealthAsync(api) == (HttpStatusCode.OK, true), "a healthy region");
        (await api.Http.GetStringAsync("/readyz", Stop)).ShouldBe("ok\n");
        var (journal, aside) = (Path.Combine(region.Home, "journal"), Path.Combine(region.Home, "journal.aside"));

        Directory.Move(journal, aside);
        await File.WriteAllTextAsync(journal, "in its place", Stop);
        await Eventually.BeTrue(async () => await HealthAsync(api) == (HttpStatusCode.ServiceUnavailable, false),
            "a region that says that its journal cannot be written");

        File.Delete(journal);
        Directory.Move(aside, journal);
        await Eventually.BeTrue(async () => await HealthAsync(api) == (HttpStatusCode.OK, true), "a healthy region");

        static async Task<(HttpStatusCode Code, bool Journal)> HealthAsync(ApiClient api)
        {
            using var answer = await api.Http.GetAsync("/healthz", Stop);
            var health = await answer.Content.ReadFromJsonAsync(RegionJson.Default.RegionHealth, Stop);
            return (answer.StatusCode, health!.Checks.Single(c => c.Name == "journal").Healthy);
        }
    }

    [Fact]
    public async Task Region_ThatCannotStart_LeavesWordWhyUntilItServes()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        var region = group.Regions[0];
        await region.StopAsync();
        RoleFailure.Read(region.Home).ShouldBeNull();
        var journal = Path.Combine(region.Home, "journal");
        await File.WriteAllBytesAsync(Path.Combine(journal, "journal.db"), new byte[10_000], Stop);

        await Should.ThrowAsync<PelagoException>(() => RegionHost.RunAsync(region.Home, Stop));

        var left = RoleFailure.Read(region.Home).ShouldNotBeNull().Trouble;
        left.Code.ShouldBe("PLG4006");
        left.Message.ShouldStartWith($"The journal in '{journal}' cannot be used: ");
        left.Next.ShouldContain("region us-east-1 does not run; others go on");
        Directory.Move(journal, journal + ".damaged");
        await region.StartAsync();
        RoleFailure.Read(region.Home).ShouldBeNull();
    }

    [Fact]
    public async Task Diagnosis_OfARegion_DialsItsPeers()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1", "eu-west-1");
        var (us, eu) = (group.Regions[0], group.Regions[1]);
        using var client = us.Client();
        var diagnosis = await client.DiagnoseAsync(Stop);
        diagnosis.Peers.Single().ShouldSatisfyAllConditions(
            peer => peer.Peer.ShouldBe("eu-west-1"), peer => peer.Reachable.ShouldBeTrue(peer.Detail));
        diagnosis.JournalFlushMs.ShouldNotBeNull();
        diagnosis.Certificates.Select(c => c.What).ShouldContain("intermediate");

        await eu.StopAsync();
        diagnosis = await client.DiagnoseAsync(Stop);
        diagnosis.Peers.Single().Reachable.ShouldBeFalse();
        diagnosis.Peers.Single().Detail.ShouldNotBeEmpty();
        using var stranger = us.Client("plg_test_stranger");
        (await Should.ThrowAsync<PelagoException>(() => stranger.DiagnoseAsync(Stop))).Failure.Error
            .ShouldBe(ErrorCodes.NotSignedIn);
        await eu.StartAsync();
    }

    [Theory]
    [InlineData("/v1/conflicts/demo/bookstore", HttpStatusCode.NotFound, "PLG7003")]
    [InlineData("/v1/conflicts/demo/bookstore?after=-1", HttpStatusCode.UnprocessableEntity, "PLG2005")]
    [InlineData("/v1/conflicts/demo/bookstore?after=x", HttpStatusCode.UnprocessableEntity, "PLG2005")]
    [InlineData("/v1/conflicts/demo/bookstore?limit=0", HttpStatusCode.UnprocessableEntity, "PLG2005")]
    [InlineData("/v1/conflicts/demo/bookstore?limit=1001", HttpStatusCode.UnprocessableEntity, "PLG2005")]
    [InlineData("/v1/verify/demo/bookstore", HttpStatusCode.NotFound, "PLG7003")]
    public async Task Inspection_BadInput_IsAProblemWithACode(string path, HttpStatusCode status, string code)
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        var region = group.Regions[0];
        using var api = new ApiClient(region);
        using var answer = await api.Http.GetAsync(path, Stop);
        answer.StatusCode.ShouldBe(status);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
        problem.GetProperty("code").GetString().ShouldBe(code);
    }

    [Theory]
    [InlineData("look", "{\"subject\":\"maria\",\"force\":true}", HttpStatusCode.NotFound, "PLG7003")]
    [InlineData("erase", "{\"subject\":\"maria\",\"force\":true}", HttpStatusCode.NotFound, "PLG7003")]
    [InlineData("erase", "{\"subject\":\"\",\"force\":true}", HttpStatusCode.BadRequest, "PLG2002")]
    [InlineData("erase", "{\"subject\":\"maria\\u0000\",\"force\":true}", HttpStatusCode.BadRequest, "PLG2002")]
    [InlineData("erase", "{\"subject\":\"maria\"}", HttpStatusCode.BadRequest, "PLG2003")]
    [InlineData("erase", "{\"subject\":7,\"force\":true}", HttpStatusCode.BadRequest, "PLG2003")]
    [InlineData("erase", "maria", HttpStatusCode.BadRequest, "PLG2003")]
    public async Task Subjects_BadInput_IsAProblemThatDoesNotRepeatTheSubject(
        string act, string json, HttpStatusCode status, string code)
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        using var api = new ApiClient(group.Regions[0]);
        using var content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var answer = await api.Http.PostAsync($"/v1/subjects/demo/bookstore/{act}", content, Stop);
        answer.StatusCode.ShouldBe(status);
        var problem = await answer.Content.ReadAsStringAsync(Stop);
        problem.ShouldContain(code);
        problem.ShouldNotContain("maria");
        using var stranger = group.Regions[0].Client("plg_test_stranger");
        (await Should.ThrowAsync<PelagoException>(() => stranger.EraseSubjectAsync("demo", "bookstore",
            new SubjectRequest("maria", Force: true), Stop))).Failure.Error.ShouldBe(ErrorCodes.NotSignedIn);
    }

    [Theory]
    [InlineData("compact", "{\"typ\":\"cart\"}", HttpStatusCode.BadRequest, "PLG2003")]
    [InlineData("compact", "{\"type\":\"no-such-type\"}", HttpStatusCode.UnprocessableEntity, "PLG2005")]
    [InlineData("stats", "{\"type\":\"service\"}", HttpStatusCode.UnprocessableEntity, "PLG2005")]
    [InlineData("mend", "{}", HttpStatusCode.NotFound, "PLG7003")]
    public async Task Journal_BadInput_IsAProblemWithACodeAndStartsNothing(
        string kind, string json, HttpStatusCode status, string code)
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        using var api = new ApiClient(group.Regions[0]);
        using var content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var answer = await api.Http.PostAsync($"/v1/journal/pelago/region/{kind}", content, Stop);
        answer.StatusCode.ShouldBe(status);
        (await answer.Content.ReadAsStringAsync(Stop)).ShouldContain(code);
        (await api.Http.GetAsync($"/v1/journal/pelago/region/{kind}", Stop)).StatusCode
            .ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Services_BadInput_IsAStatusThatNamesEveryFieldAndChangesNothing()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        var region = group.Regions[0];
        using var client = region.Client();

        var (code, status) = await PutAsync(
            region, """{ "apiVersion": "pelago.dev/v1", "kind": "Servic", "spec": { "artefact": "x" } }""");
        code.ShouldBe(HttpStatusCode.UnprocessableEntity);
        status.GetProperty("kind").GetString().ShouldBe("Status");
        status.GetProperty("details").GetProperty("causes").EnumerateArray()
            .Select(c => c.GetProperty("field").GetString())
            .ShouldBe(["kind", "metadata", "spec.artefact", "spec.artifact"], ignoreOrder: true);
        (code, _) = await PutAsync(region, "{");
        code.ShouldBe(HttpStatusCode.BadRequest);
        (code, _) = await PutAsync(region, JsonSerializer.Serialize(Service(), ResourceJson.Default.ServiceResource));
        code.ShouldBe(HttpStatusCode.UnprocessableEntity, "the artifact is not there");
        (await client.ListServicesAsync(null, Stop)).Items.ShouldBeEmpty();
        var missing = await Should.ThrowAsync<PelagoException>(() => client.GetServiceAsync("demo", "bookstore", Stop));
        missing.Failure.Error.ShouldBe(ErrorCodes.ResourceNotFound);
        using var stranger = region.Client("plg_test_stranger");
        var refused = await Should.ThrowAsync<PelagoException>(() => stranger.GetStatusAsync(Stop));
        refused.Failure.Error.ShouldBe(ErrorCodes.NotSignedIn);
    }

    [Fact]
    public async Task Services_ReplaceWithAnOldVersion_IsAConflict()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        var region = group.Regions[0];
        using var client = region.Client();
        await client.UploadArtifactAsync(NotAProgramDigest, new MemoryStream(NotAProgram), NotAProgram.Length, null,
            Stop);
        var first = await client.PutServiceAsync(Service(), Stop);
        var second = await client.PutServiceAsync(first with { Spec = first.Spec with { Public = false },
            Status = null }, Stop);

        var conflict = await Should.ThrowAsync<PelagoException>(()
            => client.PutServiceAsync(first with { Status = null }, Stop));

        conflict.Failure.Error.ShouldBe(ErrorCodes.ResourceChanged);
        second.Metadata.Generation.ShouldBe(2);
        (await client.GetServiceAsync("demo", "bookstore", Stop)).Spec.Public.ShouldBeFalse();
    }

    [Fact]
    public async Task Inspection_OfTheRegionsOwnEntities_IsAnsweredByTheRegion()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1", "eu-west-1");
        using var us = group.Regions[0].Client();
        using var eu = group.Regions[1].Client();
        await us.UploadArtifactAsync(NotAProgramDigest, new MemoryStream(NotAProgram), NotAProgram.Length, null, Stop);
        var first = await us.PutServiceAsync(Service(), Stop);
        await Eventually.BeTrue(() => HasServiceAsync(eu), "the service is known there");
        var slice = new EntityKey(ServiceEntity.TypeName, "demo/bookstore").Slice;

        (await us.GetDigestsAsync("pelago", "region", Stop)).ShouldContain($"{{\"slice\":{slice},\"entities\":1,");
        var entity = (await us.GetEntityDigestsAsync("pelago", "region", slice, Stop)).Entities.Single();
        var there = (await eu.GetEntityDigestsAsync("pelago", "region", slice, Stop)).Entities.Single();
        (entity.EventsHash, entity.StateHash).ShouldBe((there.EventsHash, there.StateHash));
        (entity.Type, entity.Id, entity.Events).ShouldBe((ServiceEntity.TypeName, "demo/bookstore", 1ul));
        var (origin, hashes) = (await eu.GetEventDigestsAsync("pelago", "region", entity.Type, entity.Id, Stop)).Origins
            .Single();
        hashes.Count.ShouldBe(1);

        var fork = new QuarantineRequest(entity.Type, entity.Id, origin, 1, "eu-west-1 has another");
        (await Should.ThrowAsync<PelagoException>(() => us.QuarantineAsync(
            "pelago", "region", fork with { Sequence = 2 }, Stop))).Failure.Error.ShouldBe(ErrorCodes.ResourceNotFound);
        (await Should.ThrowAsync<PelagoException>(() => us.QuarantineAsync(
            "pelago", "region", fork with { Where = "a\nb" }, Stop))).Failure.Error.ShouldBe(ErrorCodes.InvalidField);
        await us.QuarantineAsync("pelago", "region", fork, Stop);
        await Eventually.BeTrue(async () => (await us.GetConflictsAsync("pelago", "region", 0, 10, Stop)).Conflicts
            is [{ Kind: "Fork", Id: "demo/bookstore" }], "the ledger's entry");
        (await Should.ThrowAsync<PelagoException>(() => us.PutServiceAsync(first with { Status = null }, Stop)))
            .Failure.Error.ShouldBe(ErrorCodes.EntityForked);
        (await us.GetStatusAsync(Stop)).Alarms.Single(a => a.Kind == "Fork").Texts.Single()
            .ShouldContain($"{entity.Type}/demo/bookstore");
    }

    private static ServiceResource Service()
        => new(new ObjectMetadata("bookstore", "demo"), new ServiceSpec(NotAProgramDigest));

    private static async Task<bool> HasServiceAsync(RegionClient client)
        => (await client.ListServicesAsync("demo", Stop)).Items.Count == 1;

    private static async Task<(HttpStatusCode Code, JsonElement Body)> PutAsync(LocalRegion region, string json)
    {
        using var api = new ApiClient(region);
        using var content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        using var answer = await api.Http.PutAsync("/apis/pelago.dev/v1/namespaces/demo/services/bookstore", content,
            Stop);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(Stop));
    }

    /// <summary>A plain HTTP client, to see answers as they are.</summary>
    private sealed class ApiClient : IDisposable
    {
        public ApiClient(LocalRegion region)
        {
            var address = ApiAddress.FromFiles(
                $"https://api.{region.Config.PlatformHostname}:{region.Config.ExecutionApiPort}",
                    region.Federation.BundleFile, null);
            var handler = new SocketsHttpHandler
            {
                ConnectCallback = (c, ct) => NamedConnections.OpenAsync(c.DnsEndPoint.Host, c.DnsEndPoint.Port, ct),
            };
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(address.Roots.ToArray());
            Http = new HttpClient(handler) { BaseAddress = address.Address };
            Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer",
                LocalFederation.AdminToken);
        }

        public HttpClient Http { get; }

        public void Dispose() => Http.Dispose();
    }
}
