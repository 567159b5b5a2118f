using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
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
    private readonly WholeLog log = new(LogLevel.Information);
    private TestInstance instance = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private TestRegion Region => instance.Region;

    public async ValueTask InitializeAsync()
    {
        var region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(), types: Types);
        (region.Logger, region.Adjust) = (log, options => options with
        {
            Kernel = options.Kernel with { Secrets = static bytes => RandomNumberGenerator.Fill(bytes) },
        });
        await region.Runtime.DisposeAsync();
        await region.StartAgainAsync();
        instance = await TestInstance.StartAsync(region, (app, runtime, access) => app.MapSubjects(runtime, access));
        (await region.Runtime.SendAsync(Types.Of<Guest>(), "mallory", new Move(new Address("Rue 1", "Lyon")),
            RequestOptions.Default, Stop)).Failure.ShouldBeNull();
    }

    public ValueTask DisposeAsync() => instance.DisposeAsync();

    [Fact]
    public async Task Erase_KnownSubject_IsForgottenAndItsKeysAreGone()
    {
        (await AskAsync(SubjectEndpoint.LookPath, "mallory")).ShouldBe(new SubjectView("eu", SubjectStates.Known, 1));

        (await AskAsync(SubjectEndpoint.ErasePath, "mallory"))
            .ShouldBe(new SubjectView("eu", SubjectStates.Forgotten, 1));
        (await AskAsync(SubjectEndpoint.ErasePath, "mallory")).State
            .ShouldBe(SubjectStates.Forgotten, "again is no failure");

        (await AskAsync(SubjectEndpoint.LookPath, "mallory")).State.ShouldBe(SubjectStates.Forgotten);
        var image = await Region.Journal.LoadAsync(SubjectType.KeyOf("mallory"), Stop);
        image.SubjectKeys.ShouldBeEmpty();
        image.Rows.Count.ShouldBe(2, "its key was made once, and it was forgotten once");
    }

    [Fact]
    public async Task Erase_UnknownSubject_IsRefusedUnlessForcedAndChangesNothing()
    {
        var refused = (await AskAsync(SubjectEndpoint.ErasePath, "c2")).Failure.ShouldNotBeNull();

        refused.Code.ShouldBe("PLG5063");
        refused.Message.ShouldNotContain("c2");
        (await Region.Journal.LoadAsync(SubjectType.KeyOf("c2"), Stop)).Rows.ShouldBeEmpty();
        (await AskAsync(SubjectEndpoint.LookPath, "c2")).State.ShouldBe(SubjectStates.Unknown);
        (await AskAsync(SubjectEndpoint.ErasePath, "c2", force: true)).State.ShouldBe(SubjectStates.Forgotten);
    }

    [Fact]
    public async Task Erase_AtALevel_IsRefusedUnlessTheGroupHasIt()
    {
        (await AskAsync(SubjectEndpoint.ErasePath, "mallory", acknowledge: "all")).Failure.ShouldNotBeNull()
            .Code.ShouldBe("PLG2005");
        (await AskAsync(SubjectEndpoint.ErasePath, "mallory", acknowledge: "2")).Failure.ShouldNotBeNull()
            .Code.ShouldBe("PLG5021");
        (await AskAsync(SubjectEndpoint.LookPath, "mallory")).State.ShouldBe(SubjectStates.Known);

        (await AskAsync(SubjectEndpoint.ErasePath, "mallory", acknowledge: "majority")).State
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
            (await StatusOfAsync(path, "wrong", "{\"subject\":\"mallory\",\"force\":true}"))
                .ShouldBe(HttpStatusCode.Forbidden);
            (await StatusOfAsync(path, "secret", "{\"subject\":")).ShouldBe(HttpStatusCode.BadRequest);
            (await StatusOfAsync(path, "secret", "{}")).ShouldBe(HttpStatusCode.BadRequest);
            (await StatusOfAsync(path, "secret", "null")).ShouldBe(HttpStatusCode.BadRequest);
        }
        instance.Runtime = null;
        (await StatusOfAsync(SubjectEndpoint.ErasePath, "secret", "{\"subject\":\"mallory\",\"force\":true}"))
            .ShouldBe(HttpStatusCode.ServiceUnavailable);
        instance.Runtime = Region.Runtime;
        (await AskAsync(SubjectEndpoint.LookPath, "mallory")).State.ShouldBe(SubjectStates.Known);
    }

    [Fact]
    public void Request_InALog_ShowsNoSubject()
        => new SubjectRequest("mallory@example.com", Force: false).ToString().ShouldNotContain("mallory");

    [Fact]
    public async Task Erase_WhoseCallerHangsUp_IsCarriedOutAndLogged()
    {
        Region.Journal.Waits = true;
        using var hangUp = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var asked = instance.PostAsync(
            SubjectEndpoint.ErasePath, "{\"subject\":\"mallory\",\"force\":false}", cancellationToken: hangUp.Token);
        await Eventually.BeTrue(() => Region.Journal.IsWaiting, "it is being written");

        await hangUp.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => asked);
        await instance.HungUp.WaitAsync(Stop);
        log.Lines.ShouldNotContain(l => l.Contains("erased"), "it is not durable");
        Region.Journal.Release();

        await Eventually.BeTrue(() => log.Lines.Any(l => l.Contains("A subject was erased")), "its line in the log");
        log.Lines.ShouldNotContain(l => l.Contains("mallory"));
        (await AskAsync(SubjectEndpoint.LookPath, "mallory")).State.ShouldBe(SubjectStates.Forgotten);
    }

    private async Task<SubjectView> AskAsync(
        string path, string subject, bool force = false, string? acknowledge = null)
    {
        var request = new SubjectRequest(subject, force) { Acknowledge = acknowledge };
        using var answer = await instance.PostAsync(
            path, JsonSerializer.Serialize(request, SubjectJson.Default.SubjectRequest), cancellationToken: Stop);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(SubjectJson.Default.SubjectView,
            Stop))!;
    }

    private Task<HttpStatusCode> StatusOfAsync(string path, string secret, string json)
        => instance.StatusOfPostAsync(path, json, secret);
}
