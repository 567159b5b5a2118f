using System.Net;
using System.Net.Security;
using System.Text;
using Pelago.Ingress;
using Pelago.Model;

namespace Pelago.Tests.Unit.Ingress;

/// <summary>What routing saw is what the instance gets, or nobody gets anything.</summary>
public sealed class RequestTargetTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("/carts/1/items")]
    [InlineData("/carts/a%2Fb")]
    [InlineData("/carts//x/")]
    [InlineData("/a;b=c/d")]
    [InlineData("/a.b/..c/...")]
    [InlineData("/caf%C3%A9?q=a/../b%5c%00&x=%")]
    [InlineData("/%7Euser/%41")]
    public async Task Target_Unambiguous_ReachesTheInstanceUnchanged(string target)
    {
        await using var world = await IngressWorld.StartAsync();

        (await SendAsync(world, target)).ShouldStartWith("HTTP/1.1 200 ");

        world.BookstoreInstance.Requests.ShouldHaveSingleItem().Target.ShouldBe(target);
    }

    [Theory]
    [InlineData(9_000)]
    [InlineData(32_000)]
    public async Task Target_ThatIsLong_IsTheServicesToJudge(int length)
    {
        await using var world = await IngressWorld.StartAsync();
        var target = "/" + new string('a', length);

        (await SendAsync(world, target)).ShouldStartWith("HTTP/1.1 200 ");

        world.BookstoreInstance.Requests.ShouldHaveSingleItem().Target.ShouldBe(target);
    }

    [Theory]
    [InlineData("1.1", 33_000)]
    [InlineData("1.1", 250_000)]
    [InlineData("2.0", 33_000)]
    [InlineData("2.0", 250_000)]
    public async Task Target_BeyondTheLimit_Is414AndReachesNobody(string version, int length)
    {
        await using var world = await IngressWorld.StartAsync();
        using var client = world.PublicClient(Version.Parse(version));

        using var response = await client.GetAsync(
            $"https://{IngressWorld.PublicHost}/{new string('a', length)}", Stop);

        response.StatusCode.ShouldBe(HttpStatusCode.RequestUriTooLong);
        (await response.Content.ReadAsStringAsync(Stop)).ShouldContain("PLG6012");
        world.BookstoreInstance.Connections.ShouldBe(0);
    }

    [Theory]
    [InlineData("/a/../b")]
    [InlineData("/a/./b")]
    [InlineData("/a/..")]
    [InlineData("/a/%2e%2e/b")]
    [InlineData("/a/.%2E/b")]
    [InlineData("/a%2f..%2fb")]
    [InlineData("/a/..;x/b")]
    [InlineData("/a/..%3bx/b")]
    [InlineData("/a\\b")]
    [InlineData("/a%5cb")]
    [InlineData("/a%00b")]
    [InlineData("/a%0d%0ab")]
    [InlineData("/a%7fb")]
    [InlineData("/a%zz")]
    [InlineData("/a%2")]
    [InlineData("/a#b")]
    [InlineData("http://" + IngressWorld.PublicHost + "/a")]
    [InlineData("*")]
    public async Task Target_Ambiguous_Is400AndReachesNobody(string target)
    {
        await using var world = await IngressWorld.StartAsync();

        (await SendAsync(world, target)).ShouldMatch("^HTTP/1.1 40[05] ");

        world.BookstoreInstance.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task Prefix_ByRawSegments_ChoosesTheRouteThatSeesThePath()
    {
        await using var world = await IngressWorld.StartAsync();
        RouteTable.Create(
            [
                new PublicRoute(IngressWorld.PublicHost, "/", [world.BookstoreInstance.Upstream]),
                new PublicRoute(IngressWorld.PublicHost, "/admin", [world.VaultInstance.Upstream]),
            ],
            [],
            out var table).ShouldBeEmpty();
        world.Server.Routes = table!;

        (await SendAsync(world, "/admin/x")).ShouldContain("Instance: vault-1");
        (await SendAsync(world, "/admin?x")).ShouldContain("Instance: vault-1");
        (await SendAsync(world, "/administrator")).ShouldContain("Instance: bookstore-1");
        (await SendAsync(world, "/ADMIN")).ShouldContain("Instance: bookstore-1");
        (await SendAsync(world, "/x/admin")).ShouldContain("Instance: bookstore-1");
    }

    [Fact]
    public void Routes_ThatContradict_AreAllReported()
    {
        var bad = new Upstream("i", "https://127.0.0.1:1/x", "ftp://h", "a\nb", true);

        var failures = RouteTable.Create(
            [
                new PublicRoute("UPPER.example", "x", [bad]),
                new PublicRoute("a.example", "/", []),
                new PublicRoute("a.example", "/", []),
            ],
            [new ServiceRoute("svc", "demo", []), new ServiceRoute("x", "", [])],
            out var table);

        table.ShouldBeNull();
        failures.Count.ShouldBe(8);
        failures.ShouldAllBe(f => f.Error == ErrorCodes.BadRoute || f.Error == ErrorCodes.InvalidName);
    }

    private static async Task<string> SendAsync(IngressWorld world, string target)
    {
        await using var tls = await RawClient.PublicAsync(world, IngressWorld.PublicHost);
        return await RawClient.ExchangeAsync(
            tls, $"GET {target} HTTP/1.1\r\nHost: {IngressWorld.PublicHost}\r\nConnection: close\r\n\r\n");
    }
}
