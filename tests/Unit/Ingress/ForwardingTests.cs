using System.Net;
using System.Text;

namespace Pelago.Tests.Unit.Ingress;

public sealed class ForwardingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Public_PostWithBody_ReachesTheInstanceAndComesBack(string version)
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PublicClient(Version.Parse(version));

        using var response = await client.PostAsync(
            $"https://{IngressWorld.PublicHost}/carts/1/items?x=%2F",
            new StringContent("hello"),
            Stop
        );

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync(Stop)).ShouldBe("hello");
        var seen = world.BookstoreInstance.Requests.ShouldHaveSingleItem();
        seen.Target.ShouldBe("/carts/1/items?x=%2F");
        seen.Protocol.ShouldBe("HTTP/1.1");
        seen.Header("Host").ShouldBe(IngressWorld.PublicHost);
        seen.Header("Pelago-Client").ShouldBeNull();
        seen.Header("Pelago-Ingress-Secret").ShouldBeNull();
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Public_PostWithAnEmptyBody_KeepsItsMediaType(string version)
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PublicClient(Version.Parse(version));
        using var nothing = new StringContent("", Encoding.UTF8, "application/json");

        using var response = await client.PostAsync($"https://{IngressWorld.PublicHost}/carts/1/items", nothing, Stop);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        world.BookstoreInstance.Requests.ShouldHaveSingleItem().Header("Content-Type")
            .ShouldBe("application/json; charset=utf-8");
    }

    [Fact]
    public async Task InterRegion_ApplicationPath_CarriesTheVerifiedCaller()
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PeerClient(world.ClientOf("bookstore", "demo"));

        using var response = await client.GetAsync($"https://{IngressWorld.Bookstore.Value}/books/vim", Stop);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var seen = world.BookstoreInstance.Requests.ShouldHaveSingleItem();
        seen.Protocol.ShouldBe("HTTP/1.1");
        seen.Header("Pelago-Client").ShouldBe("bookstore.demo.svc.us-east-1.apps.pelago.localhost");
        seen.Header("Pelago-Ingress-Secret").ShouldBe(RecordingInstance.Secret);
    }

    [Fact]
    public async Task InterRegion_Stream_FlowsBothWaysAtOnce()
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PeerClient(world.ClientOf("bookstore", "demo"));
        using var upload = new InteractiveContent();
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            $"https://{IngressWorld.Bookstore.Value}/pelago.replication.v1/stream"
        )
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = upload,
        };

        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        await using var down = await response.Content.ReadAsStreamAsync(Stop);
        var up = await upload.Stream;

        // Each line is answered before the next one is written: nothing on the way waits for more.
        for (var i = 0; i < 50; i++)
        {
            var line = Encoding.ASCII.GetBytes($"line {i}\n");
            await up.WriteAsync(line, Stop);
            await up.FlushAsync(Stop);
            var echo = new byte[line.Length];
            await down.ReadExactlyAsync(echo, Stop);
            echo.ShouldBe(line);
        }
        upload.Complete();
        (await down.ReadAsync(new byte[1], Stop)).ShouldBe(0);
        var seen = world.BookstoreInstance.Requests.ShouldHaveSingleItem();
        seen.Protocol.ShouldBe("HTTP/2");
        seen.Header("Pelago-Client").ShouldBe("bookstore.demo.svc.us-east-1.apps.pelago.localhost");
    }

    [Fact]
    public async Task InterRegion_OtherProject_Is403AndTheInstanceHearsNothing()
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PeerClient(world.ClientOf("bookstore", "demo"));

        foreach (var path in (string[])["/secrets", "/pelago.replication.v1/stream"])
        {
            using var response = await client.GetAsync($"https://{IngressWorld.Vault.Value}{path}", Stop);
            response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await response.Content.ReadAsStringAsync(Stop)).ShouldContain("PLG6003");
            response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        }
        world.VaultInstance.Connections.ShouldBe(0);
    }
}
