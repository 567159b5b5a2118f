using Pelago.Pki;

namespace Pelago.Tests.Unit.Pki;

public sealed class IdentityCheckTests
{
    [Fact]
    public async Task IdentityCheck_OwnLeaf_IsAccepted()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");
        var leaf = TestGroup.Leaf(authority, "bookstore.demo.svc.us-east-1.apps.pelago.localhost");

        var result = group.Check().CheckClient(leaf.Certificate, TestGroup.Sent(authority));

        result.Reason.ShouldBe("");
        result.Accepted.ShouldBeTrue();
        result.Peer!.Name.Service.ShouldBe("bookstore");
        result.Peer.Name.Project.ShouldBe("demo");
        result.Peer.Region.ShouldBe("us-east-1");
        result.Peer.NotAfter.ShouldBe(leaf.NotAfter);
    }
}
