using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Unit.Pki;

public sealed class TrustBundleTests
{
    [Fact]
    public async Task Bundle_WrittenAndRead_IsTheSame()
    {
        using var group = await TestGroup.CreateAsync();
        using var other = await TestGroup.CreateAsync();
        var bundle = TrustBundle.Create(
            "local", 7, [group.Root.Certificate, other.Root.Certificate], [new string('a', 64)]);

        TrustBundle.Parse(bundle.Pem, out var read).ShouldBeNull();

        read!.Group.ShouldBe("local");
        read.Epoch.ShouldBe(7);
        read.Roots.Count.ShouldBe(2);
        read.Sha256.ShouldBe(bundle.Sha256);
        read.DeniedIntermediates.ShouldBe([new string('a', 64)]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# pelago trust bundle v1\n")]
    [InlineData("# pelago trust bundle v2\n# group: local\n# epoch: 1\n")]
    [InlineData("# pelago trust bundle v1\n# group: local\n# epoch: 1\n")]
    [InlineData("# pelago trust bundle v1\n# group: local\n# epoch: -1\n")]
    [InlineData("# pelago trust bundle v1\n# group: LOCAL\n# epoch: 1\n")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public void Bundle_Malformed_IsRefused(string text)
        => TrustBundle.Parse(text, out _).ShouldNotBeNull();

    [Fact]
    public async Task Bundle_Tampered_IsRefused()
    {
        using var group = await TestGroup.CreateAsync();
        var text = group.Bundle.Pem;

        TrustBundle.Parse(text.Replace("epoch: 1", "epoch: 01", StringComparison.Ordinal), out _).ShouldNotBeNull();
        TrustBundle.Parse(text + "\n", out _).ShouldNotBeNull();
        TrustBundle.Parse(text + "# more\n", out _).ShouldNotBeNull();
        TrustBundle.Parse(text.Replace("BEGIN CERT", "BEGIN KERT", StringComparison.Ordinal), out _).ShouldNotBeNull();
    }

    [Fact]
    public async Task Bundle_WithAnIntermediateAsRoot_IsRefused()
    {
        using var group = await TestGroup.CreateAsync();
        var authority = await group.AddRegionAsync("us-east-1");

        Should.Throw<PelagoException>(() => TrustBundle.Create("local", 1, [authority.Certificate], []))
            .Failure.Error.ShouldBe(ErrorCodes.BadTrustBundle);
    }

    [Fact]
    public async Task Store_OlderReplayedOrForeign_IsRefusedAlsoAfterARestart()
    {
        using var group = await TestGroup.CreateAsync();
        using var stranger = await TestGroup.CreateAsync("other");
        using var twin = await TestGroup.CreateAsync();
        var path = Path.Combine(group.Folder, "trust", "bundle.pem");
        var second = group.Root.ToBundle(2);
        TrustStore.Open(path).HasBundle.ShouldBeFalse();
        TrustStore.Open(path).Offer(second).ShouldBeNull();

        var store = TrustStore.Open(path);

        store.Current.Sha256.ShouldBe(second.Sha256);
        store.Offer(second).ShouldBeNull();
        store.Offer(group.Root.ToBundle(1))!.Error.ShouldBe(ErrorCodes.TrustBundleRefused);
        store.Offer(twin.Root.ToBundle(2))!.Error.ShouldBe(ErrorCodes.TrustBundleRefused);
        store.Offer(stranger.Root.ToBundle(9))!.Error.ShouldBe(ErrorCodes.TrustBundleRefused);
        store.Current.Sha256.ShouldBe(second.Sha256);
        store.Offer(group.Root.ToBundle(3)).ShouldBeNull();
        TrustStore.Open(path).Current.Epoch.ShouldBe(3);
    }

    [Fact]
    public async Task Store_FileTampered_IsNotOpened()
    {
        using var group = await TestGroup.CreateAsync();
        var path = Path.Combine(group.Folder, "bundle.pem");
        TrustStore.Open(path).Offer(group.Bundle).ShouldBeNull();
        await File.AppendAllTextAsync(path, "x", TestContext.Current.CancellationToken);

        Should.Throw<PelagoException>(() => TrustStore.Open(path)).Failure.Error.ShouldBe(ErrorCodes.BadTrustBundle);
    }
}
