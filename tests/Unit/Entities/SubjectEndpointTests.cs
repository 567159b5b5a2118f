using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit.Entities;

/// <summary>Subjects on an instance's management listener, over real HTTP.</summary>
public sealed class SubjectEndpointTests : IAsyncLifetime
{
    private static readonly EntityTypes Types = new([EntityType.Of<Guest>()]);
    private readonly HttpClient http = new();
    private TestRegion region = null!;
    private WebApplication app = null!;
    private EntityRuntime? runtime;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(), types: Types);
        region.Adjust = options => options with
        {
            Kernel = options.Kernel with { Secrets = static bytes => RandomNumberGenerator.Fill(bytes) },
        };
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        runtime = region.Runtime;
        app = LoopbackListener.Create(
            Model.Endpoint.Loopback(0), HttpProtocols.Http1, 1024 * 1024, NullLoggerFactory.Instance);
        app.MapSubjects(() => runtime, () => new ReplicationAccess("secret", "s", "p", () => []));
        await app.StartAsync(Stop);
        http.BaseAddress = new Uri(app.Urls.Single());
        (await runtime.SendAsync(Types.Of<Guest>(), "c1", new Move(new Address("Rue 1", "Lyon")),
            RequestOptions.Default, Stop)).Failure.ShouldBeNull();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.DisposeAsync();
        await region.DisposeAsync();
    }

    [Fact]
    public async Task Erase_KnownSubject_IsForgottenAndItsKeysAreGone()
    {
        (await AskAsync(SubjectEndpoint.LookPath, "c1")).ShouldBe(new SubjectView("eu", SubjectStates.Known, 1));

        (await AskAsync(SubjectEndpoint.ErasePath, "c1")).ShouldBe(new SubjectView("eu", SubjectStates.Forgotten, 1));
        (await AskAsync(SubjectEndpoint.ErasePath, "c1")).State
            .ShouldBe(SubjectStates.Forgotten, "again is no failure");

        (await AskAsync(SubjectEndpoint.LookPath, "c1")).State.ShouldBe(SubjectStates.Forgotten);
        var image = await region.Journal.LoadAsync(SubjectType.KeyOf("c1"), Stop);
        image.SubjectKeys.ShouldBeEmpty();
        image.Rows.Count.ShouldBe(2, "its key was made once, and it was forgotten once");
    }

    [Fact]
    public async Task Erase_UnknownSubject_IsRefusedUnlessForcedAndChangesNothing()
    {
        var refused = (await AskAsync(SubjectEndpoint.ErasePath, "c2")).Failure.ShouldNotBeNull();

        refused.Code.ShouldBe("PLG5063");
        refused.Message.ShouldNotContain("c2");
        (await region.Journal.LoadAsync(SubjectType.KeyOf("c2"), Stop)).Rows.ShouldBeEmpty();
        (await AskAsync(SubjectEndpoint.LookPath, "c2")).State.ShouldBe(SubjectStates.Unknown);
        (await AskAsync(SubjectEndpoint.ErasePath, "c2", force: true)).State.ShouldBe(SubjectStates.Forgotten);
    }

    [Fact]
    public async Task Erase_AtALevel_IsRefusedUnlessTheGroupHasIt()
    {
        (await AskAsync(SubjectEndpoint.ErasePath, "c1", acknowledge: "all")).Failure.ShouldNotBeNull()
            .Code.ShouldBe("PLG2005");
        (await AskAsync(SubjectEndpoint.ErasePath, "c1", acknowledge: "2")).Failure.ShouldNotBeNull()
            .Code.ShouldBe("PLG5021");
        (await AskAsync(SubjectEndpoint.LookPath, "c1")).State.ShouldBe(SubjectStates.Known);

        (await AskAsync(SubjectEndpoint.ErasePath, "c1", acknowledge: "majority")).State
            .ShouldBe(SubjectStates.Forgotten);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData("..")]
    public async Task Subject_ThatIsNoName_IsRefused(string subject)
    {
        foreach (var path in new[] { SubjectEndpoint.LookPath, SubjectEndpoint.ErasePath })
            (await AskAsync(path, subject, force: true)).Failure.ShouldNotBeNull().Code.ShouldBe("PLG2002");
    }

    [Fact]
    public async Task Subject_WithoutTheSecretOrABody_IsRefusedAndNothingIsTold()
    {
        foreach (var path in new[] { SubjectEndpoint.LookPath, SubjectEndpoint.ErasePath })
        {
            (await StatusOfAsync(path, "wrong", "{\"subject\":\"c1\",\"force\":true}"))
                .ShouldBe(HttpStatusCode.Forbidden);
            (await StatusOfAsync(path, "secret", "{\"subject\":")).ShouldBe(HttpStatusCode.BadRequest);
            (await StatusOfAsync(path, "secret", "{}")).ShouldBe(HttpStatusCode.BadRequest);
            (await StatusOfAsync(path, "secret", "null")).ShouldBe(HttpStatusCode.BadRequest);
        }
        runtime = null;
        (await StatusOfAsync(SubjectEndpoint.ErasePath, "secret", "{\"subject\":\"c1\",\"force\":true}"))
            .ShouldBe(HttpStatusCode.ServiceUnavailable);
        runtime = region.Runtime;
        (await AskAsync(SubjectEndpoint.LookPath, "c1")).State.ShouldBe(SubjectStates.Known);
    }

    [Fact]
    public void Request_InALog_ShowsNoSubject()
        => new SubjectRequest("mallory@example.com", Force: false).ToString().ShouldNotContain("mallory");

    private async Task<SubjectView> AskAsync(
        string path, string subject, bool force = false, string? acknowledge = null)
    {
        var request = new SubjectRequest(subject, force) { Acknowledge = acknowledge };
        using var answer = await SendAsync(
            path, "secret", JsonContent.Create(request, SubjectJson.Default.SubjectRequest));
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(SubjectJson.Default.SubjectView,
            Stop))!;
    }

    private async Task<HttpStatusCode> StatusOfAsync(string path, string secret, string json)
    {
        using var answer = await SendAsync(
            path, secret, new StringContent(json, new MediaTypeHeaderValue("application/json")));
        return answer.StatusCode;
    }

    private async Task<HttpResponseMessage> SendAsync(string path, string secret, HttpContent body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
        request.Headers.Add(ReplicationAccess.SecretHeader, secret);
        return await http.SendAsync(request, Stop);
    }
}
