using System.Net;

namespace Pelago.Tests.Unit.Ingress;

/// <summary>Headers by which a caller could pretend to be somebody, and headers of one hop only.</summary>
public sealed class HeaderTests
{
    private const string Spoofs =
        "Pelago-Client: admin.pelago.svc.evil\r\npelago-client: again\r\nPELAGO-CLIENT: AGAIN\r\n"
        + "Pelago_Client: underscored\r\npelago_client: underscored\r\n"
        + "Pelago-Ingress-Secret: guess\r\nPelago_Ingress-Secret: guess\r\n"
        + "X-Forwarded-Client-Cert: Hash=1\r\nX_Forwarded_Client_Cert: Hash=1\r\n"
        + "Client-Cert: :AAAA:\r\nclient_cert: x\r\n"
        + "Client-Cert-Chain: :AAAA:\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Public_SpoofedIdentity_ReachesTheInstanceAsNothing()
    {
        await using var world = await IngressWorld.StartAsync();
        await using var tls = await RawClient.PublicAsync(world, IngressWorld.PublicHost);

        var answer = await RawClient.ExchangeAsync(tls, Request(IngressWorld.PublicHost));

        answer.ShouldStartWith("HTTP/1.1 200 ");
        var seen = world.BookstoreInstance.Requests.ShouldHaveSingleItem();
        IdentityOf(seen).ShouldBeEmpty();
        seen.Header("X-Forwarded-For").ShouldBe("127.0.0.1");
        seen.Header("Forwarded").ShouldBeNull();
    }

    [Fact]
    public async Task InterRegion_SpoofedIdentity_BecomesTheOneTrueValue()
    {
        await using var world = await IngressWorld.StartAsync();
        await using var tls = await RawClient.InterRegionAsync(world, world.ClientOf("bookstore", "demo"));

        var answer = await RawClient.ExchangeAsync(tls, Request(IngressWorld.Bookstore.Value));

        answer.ShouldStartWith("HTTP/1.1 200 ");
        var seen = world.BookstoreInstance.Requests.ShouldHaveSingleItem();
        IdentityOf(seen).ShouldBe(
            [
                "pelago-client=bookstore.demo.svc." + IngressWorld.CallerApps,
                "pelago-ingress-secret=" + RecordingInstance.Secret,
            ],
            ignoreOrder: true);
    }

    [Fact]
    public async Task InterRegion_SpoofedIdentityOnAStream_BecomesTheOneTrueValue()
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PeerClient(world.ClientOf("bookstore", "demo"));
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"https://{IngressWorld.Bookstore.Value}/pelago.replication.v1/x");
        request.Version = HttpVersion.Version20;
        request.Headers.TryAddWithoutValidation("pelago-client", ["admin", "again"]);
        request.Headers.TryAddWithoutValidation("Pelago_Client", "underscored");
        request.Headers.TryAddWithoutValidation("x-forwarded-client-cert", "Hash=1");

        using var response = await client.SendAsync(request, Stop);

        IdentityOf(world.BookstoreInstance.Requests.ShouldHaveSingleItem()).ShouldBe(
            [
                "pelago-client=bookstore.demo.svc." + IngressWorld.CallerApps,
                "pelago-ingress-secret=" + RecordingInstance.Secret,
            ],
            ignoreOrder: true);
    }

    [Fact]
    public async Task Request_HeadersOfOneHop_EndHere()
    {
        await using var world = await IngressWorld.StartAsync();
        await using var tls = await RawClient.PublicAsync(world, IngressWorld.PublicHost);

        await RawClient.ExchangeAsync(
            tls,
            $"GET / HTTP/1.1\r\nHost: {IngressWorld.PublicHost}\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n"
                + "Keep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Authorization: Basic eA==\r\nUpgrade: h2c\r\n"
                + "HTTP2-Settings: AAMAAABkAAQAAP__\r\nCookie: a=1\r\nCookie: b=2\r\nX-Latin: caf\u00e9\r\n\r\n"
                + $"GET /last HTTP/1.1\r\nHost: {IngressWorld.PublicHost}\r\nConnection: close\r\n\r\n");

        var seen = world.BookstoreInstance.Requests.Single(r => r.Target == "/");
        foreach (
            var name in (string[])["X-Hop", "Keep-Alive", "TE", "Proxy-Authorization", "Upgrade", "HTTP2-Settings"]
        )
            seen.Header(name).ShouldBeNull(name);
        seen.Header("X-End").ShouldBe("2");
        seen.Header("Cookie").ShouldBe("a=1; b=2");
        seen.Header("X-Latin").ShouldBe("caf\u00e9");
    }

    [Fact]
    public async Task Answer_HeadersOfOneHopAndSecrets_EndHere()
    {
        await using var world = await IngressWorld.StartAsync();
        world.BookstoreInstance.Handler = context =>
        {
            context.Response.Headers["Pelago-Ingress-Secret"] = RecordingInstance.Secret;
            context.Response.Headers.Connection = "X-Hop";
            context.Response.Headers["X-Hop"] = "1";
            context.Response.Headers["Set-Cookie"] = new(["a=1", "b=2"]);
            context.Response.Headers["Pelago-Region"] = "eu-west-1";
            context.Response.StatusCode = 418;
            return Task.CompletedTask;
        };
        using var client = world.PublicClient(HttpVersion.Version20);

        using var response = await client.GetAsync($"https://{IngressWorld.PublicHost}/", Stop);

        ((int)response.StatusCode).ShouldBe(418);
        response.Headers.Contains("Pelago-Ingress-Secret").ShouldBeFalse();
        response.Headers.Contains("X-Hop").ShouldBeFalse();
        response.Headers.GetValues("Set-Cookie").ShouldBe(["a=1", "b=2"]);
        response.Headers.GetValues("Pelago-Region").ShouldBe(["eu-west-1"]);
    }

    [Fact]
    public async Task Request_HeadersBeyondTheLimit_Are431()
    {
        await using var world = await IngressWorld.StartAsync();
        foreach (
            var headers in (string[])
                [$"X: {new string('a', 64 * 1024)}\r\n", string.Concat(Enumerable.Repeat("X: 1\r\n", 200))]
        )
        {
            await using var tls = await RawClient.PublicAsync(world, IngressWorld.PublicHost);
            var answer = await RawClient.ExchangeAsync(
                tls,
                $"GET / HTTP/1.1\r\nHost: {IngressWorld.PublicHost}\r\nConnection: close\r\n{headers}\r\n"
            );
            answer.ShouldStartWith("HTTP/1.1 431 ");
            answer.ShouldContain("PLG6013");
        }
        world.BookstoreInstance.Connections.ShouldBe(0);
    }

    private static string Request(string host)
        => $"GET /whoami HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{Spoofs}\r\n";

    private static string[] IdentityOf(RecordingInstance.Seen seen)
    {
        string[] identity =
            ["pelago-client", "pelago-ingress-secret", "x-forwarded-client-cert", "client-cert", "client-cert-chain"];
        return [.. from header in seen.Headers
                   let name = header.Key.ToLowerInvariant().Replace('_', '-')
                   where identity.Contains(name)
                   from value in header.Value
                   select $"{name}={value}"];
    }
}
