using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pelago.Ingress;

namespace Pelago.Tests.Unit.Ingress;

/// <summary>What the ingress answers itself.</summary>
public sealed class FailureTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Public_HostWithoutRoute_Is404()
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PublicClient();

        using var response = await client.GetAsync($"https://second-demo.{IngressWorld.Apps}/", Stop);

        await ShouldBeAsync(response, 404, "PLG6001");
    }

    [Theory]
    [InlineData("/", HttpStatusCode.ServiceUnavailable)]
    [InlineData("/pelago.replication.v1/x", HttpStatusCode.ServiceUnavailable)]
    public async Task InterRegion_NoReadyInstance_Is503WithRetryAfter(string path, HttpStatusCode status)
    {
        await using var world = await IngressWorld.StartAsync();
        world.Server.Routes = world.Table(world.BookstoreInstance.Upstream with { Ready = false });
        using var client = world.PeerClient(world.ClientOf("bookstore", "demo"));

        using var response = await client.GetAsync($"https://{IngressWorld.Bookstore.Value}{path}", Stop);

        await ShouldBeAsync(response, (int)status, "PLG6002");
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        world.BookstoreInstance.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task Public_InstanceGone_Is502()
    {
        await using var world = await IngressWorld.StartAsync();
        await world.BookstoreInstance.DisposeAsync();
        using var client = world.PublicClient();

        using var response = await client.PostAsync(
            $"https://{IngressWorld.PublicHost}/",
            new StringContent("x"),
            Stop
        );

        await ShouldBeAsync(response, 502, "PLG6005");
    }

    [Fact]
    public async Task Public_OneInstanceGone_TheOtherAnswers()
    {
        await using var world = await IngressWorld.StartAsync();
        var gone = await RecordingInstance.StartAsync("gone");
        await gone.DisposeAsync();
        world.Server.Routes = world.Table(gone.Upstream, world.BookstoreInstance.Upstream);
        using var client = world.PublicClient();

        for (var i = 0; i < 10; i++)
        {
            using var response = await client.PostAsync(
                $"https://{IngressWorld.PublicHost}/",
                new StringContent("x"),
                Stop
            );
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await response.Content.ReadAsStringAsync(Stop)).ShouldBe("x");
        }
    }

    [Fact]
    public async Task Public_InstanceBreaksOffBeforeTheAnswer_Is502()
    {
        await using var world = await IngressWorld.StartAsync();
        world.BookstoreInstance.Handler = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        using var client = world.PublicClient();

        using var response = await client.PostAsync(
            $"https://{IngressWorld.PublicHost}/",
            new StringContent("x"),
            Stop
        );

        await ShouldBeAsync(response, 502, "PLG6005");
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Public_InstanceBreaksOffInTheMiddle_TheClientNotices(string version)
    {
        await using var world = await IngressWorld.StartAsync();
        world.BookstoreInstance.Handler = async context =>
        {
            await context.Response.WriteAsync("half of it", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        };
        using var client = world.PublicClient(Version.Parse(version));

        await Should.ThrowAsync<HttpRequestException>(() =>
            client.GetStringAsync($"https://{IngressWorld.PublicHost}/", Stop)
        );
    }

    [Fact]
    public async Task Public_InstanceSilent_Is504()
    {
        await using var world = await IngressWorld.StartAsync(o =>
            o with
            {
                UpstreamResponseTimeout = TimeSpan.FromMilliseconds(100),
            }
        );
        var release = new TaskCompletionSource();
        world.BookstoreInstance.Handler = _ => release.Task;
        using var client = world.PublicClient();

        using var response = await client.GetAsync($"https://{IngressWorld.PublicHost}/", Stop);

        await ShouldBeAsync(response, 504, "PLG6006");
        release.SetResult();
    }

    [Theory]
    [InlineData("1.1", true)]
    [InlineData("1.1", false)]
    [InlineData("2.0", true)]
    [InlineData("2.0", false)]
    public async Task Public_BodyOverTheLimit_Is413(string version, bool lengthKnown)
    {
        await using var world = await IngressWorld.StartAsync(o => o with { MaxRequestBodyBytes = 1000 });
        using var client = world.PublicClient(Version.Parse(version));
        using var body = lengthKnown
            ? (HttpContent)new ByteArrayContent(new byte[1001])
            : JsonContent.Create(new string('x', 1001));

        using var response = await client.PostAsync($"https://{IngressWorld.PublicHost}/", body, Stop);

        await ShouldBeAsync(response, 413, "PLG6008");
    }

    [Fact]
    public async Task Public_BodyAtTheLimit_Passes()
    {
        await using var world = await IngressWorld.StartAsync(o => o with { MaxRequestBodyBytes = 1000 });
        using var client = world.PublicClient();

        using var response = await client.PostAsync(
            $"https://{IngressWorld.PublicHost}/",
            new ByteArrayContent(new byte[1000]),
            Stop
        );

        (await response.Content.ReadAsByteArrayAsync(Stop)).Length.ShouldBe(1000);
    }

    [Fact]
    public async Task InterRegion_StreamOverHttp1_Is505()
    {
        await using var world = await IngressWorld.StartAsync();
        await using var tls = await RawClient.InterRegionAsync(world, world.ClientOf("bookstore", "demo"));

        var answer = await RawClient.ExchangeAsync(
            tls,
            $"POST /pelago.replication.v1/x HTTP/1.1\r\nHost: {IngressWorld.Bookstore.Value}\r\n"
                + "Content-Length: 0\r\nConnection: close\r\n\r\n"
        );

        answer.ShouldStartWith("HTTP/1.1 505 ");
        answer.ShouldContain("PLG6010");
        world.BookstoreInstance.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task Start_PortTaken_FailsAndFreesTheOther()
    {
        await using var world = await IngressWorld.StartAsync();
        var options = new IngressOptions
        {
            AppsHostname = IngressWorld.Apps,
            Public = new IPEndPoint(IPAddress.Loopback, 0),
            InterRegion = new IPEndPoint(IPAddress.Loopback, world.Server.InterRegionPort),
        };

        await Should.ThrowAsync<IOException>(() => IngressServer.StartAsync(
            options,
            new PublicCertificates(() => world.Certificates),
            new InterRegionTls(() => world.Certificates, world.Group.Check()),
            RouteTable.Empty,
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance,
            Stop));
    }

    private static async Task ShouldBeAsync(HttpResponseMessage response, int status, string code)
    {
        ((int)response.StatusCode).ShouldBe(status);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Stop));
        problem.RootElement.GetProperty("code").GetString().ShouldBe(code);
        problem.RootElement.GetProperty("status").GetInt32().ShouldBe(status);
        problem.RootElement.GetProperty("detail").GetString().ShouldNotBeNullOrEmpty();
    }
}
