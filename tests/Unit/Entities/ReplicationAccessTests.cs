using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Tests.Unit.Entities;

public sealed class ReplicationAccessTests
{
    private const string Secret = "c2VjcmV0";

    private IReadOnlyList<PeerRegion> peers = [Peer("eu-west-1"), Peer("ap-southeast-1")];

    private ReplicationAccess Access => new(Secret, "shop", "demo", () => peers);

    [Theory]
    [InlineData(Secret, true)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("c2VjcmV1", false)]
    [InlineData("c2VjcmV0 ", false)]
    [InlineData("C2VJCMV0", false)]
    public void Secret_Sent_OnlyTheIngressHasIt(string? sent, bool expected)
        => Access.CameThroughIngress(sent).ShouldBe(expected);

    [Fact]
    public void Secret_OfNobody_LetsNobodyIn()
        => new ReplicationAccess("", "shop", "demo", () => peers).CameThroughIngress("").ShouldBeFalse();

    [Theory]
    [InlineData("shop.demo.svc.eu-west-1.apps.pelago.localhost", "eu-west-1")]
    [InlineData("shop.demo.svc.ap-southeast-1.apps.pelago.localhost", "ap-southeast-1")]
    [InlineData("other.demo.svc.eu-west-1.apps.pelago.localhost", null)]
    [InlineData("shop.other.svc.eu-west-1.apps.pelago.localhost", null)]
    [InlineData("shop.demo.svc.us-east-1.apps.pelago.localhost", null)]
    [InlineData("SHOP.demo.svc.eu-west-1.apps.pelago.localhost", null)]
    [InlineData("shop.demo.svc.eu-west-1.apps.pelago.localhost.", null)]
    [InlineData("x.shop.demo.svc.eu-west-1.apps.pelago.localhost", null)]
    [InlineData("shop.demo.svc.eu-west-1.apps.pelago.localhost,shop.demo.svc.eu-west-1.apps.pelago.localhost", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Client_Named_IsAPeerOnlyAsThisVeryService(string? client, string? region)
        => Access.PeerRegionOf(client).ShouldBe(region);

    [Fact]
    public void Peers_Changed_CountAtOnce()
    {
        var access = Access;
        peers = [];
        access.PeerRegionOf("shop.demo.svc.eu-west-1.apps.pelago.localhost").ShouldBeNull();
    }

    private static PeerRegion Peer(string region) => new(region, $"{region}.apps.pelago.localhost",
        $"{region}.platform.pelago.localhost", 443, Model.Endpoint.Loopback(1));
}
