using System.Security.Cryptography;
using System.Text;
using Pelago.Client;
using Pelago.Model;
using Pelago.Region;

namespace Pelago.Tests.Unit;

public sealed class ArtifactStoreTests : IDisposable
{
    private static readonly byte[] Content = Encoding.UTF8.GetBytes("an artifact");
    private static readonly string Digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Content));

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("fed-artifacts-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task Add_ContentWithItsDigest_IsVisible()
    {
        var store = new ArtifactStore(_home.FullName, new ArtifactLimits());
        store.Find(Digest).ShouldBeNull();
        (await store.AddAsync(Digest, new MemoryStream(Content), Stop)).ShouldBeNull();
        (await File.ReadAllBytesAsync(store.Find(Digest)!.FullName, Stop)).ShouldBe(Content);
    }

    [Fact]
    public async Task Add_OtherContent_IsRefusedAndLeavesNothing()
    {
        var store = new ArtifactStore(_home.FullName, new ArtifactLimits());
        var failure = await store.AddAsync(Digest, new MemoryStream([1]), Stop);
        failure!.Error.ShouldBe(ErrorCodes.DigestMismatch);
        Directory.EnumerateFiles(_home.FullName, "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Fact]
    public async Task Add_TooLarge_IsRefusedAndLeavesNothing()
    {
        var store = new ArtifactStore(_home.FullName, new ArtifactLimits { MaxPackedBytes = Content.Length - 1 });
        var failure = await store.AddAsync(Digest, new MemoryStream(Content), Stop);
        failure!.Error.ShouldBe(ErrorCodes.ArtifactTooLarge);
        Directory.EnumerateFiles(_home.FullName, "*", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("sha256:../../etc/passwd")]
    [InlineData("latest")]
    [InlineData("sha256:ABCDEF0000000000000000000000000000000000000000000000000000000001")]
    public void Find_SomethingThatIsNoDigest_IsRefused(string digest)
        => Should.Throw<PelagoException>(() => new ArtifactStore(_home.FullName, new ArtifactLimits()).Find(digest))
            .Failure.Error.ShouldBe(ErrorCodes.InvalidField);
}
