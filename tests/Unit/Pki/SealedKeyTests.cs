using System.Security.Cryptography;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Tests.Unit.Pki;

/// <summary>Keys at rest, and the root's key nowhere else.</summary>
public sealed class SealedKeyTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Key_Reopened_IsTheSameAndItsFileIsOwnersOnly()
    {
        using var group = await TestGroup.CreateAsync();
        using var key = await group.Keys.OpenAsync("one", Stop);

        using var again = await group.Keys.OpenAsync("one", Stop);

        again.ExportSubjectPublicKeyInfo().ShouldBe(key.ExportSubjectPublicKeyInfo());
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.GetUnixFileMode(Path.Combine(group.Folder, "keys", "one.key")).ShouldBe(ownerOnly);
        File.GetUnixFileMode(Path.Combine(group.Folder, "kek")).ShouldBe(ownerOnly);
    }

    [Fact]
    public async Task Key_CopiedOverAnother_DoesNotOpen()
    {
        using var group = await TestGroup.CreateAsync();
        (await group.Keys.OpenAsync("one", Stop)).Dispose();
        File.Copy(Path.Combine(group.Folder, "keys", "one.key"), Path.Combine(group.Folder, "keys", "two.key"));

        await ShouldNotOpenAsync(group.Keys, "two");
    }

    [Fact]
    public async Task Key_AnyByteChanged_DoesNotOpenAndIsNotReplaced()
    {
        using var group = await TestGroup.CreateAsync();
        (await group.Keys.OpenAsync("one", Stop)).Dispose();
        var path = Path.Combine(group.Folder, "keys", "one.key");
        var good = await File.ReadAllBytesAsync(path, Stop);

        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= 1;
            await File.WriteAllBytesAsync(path, bad, Stop);
            await ShouldNotOpenAsync(group.Keys, "one");
            (await File.ReadAllBytesAsync(path, Stop)).ShouldBe(bad);
        }
    }

    [Fact]
    public async Task Key_UnderAnotherKek_DoesNotOpen()
    {
        using var group = await TestGroup.CreateAsync();
        (await group.Keys.OpenAsync("one", Stop)).Dispose();
        using var other = KeyEncryptionKey.OpenFile(
            Path.Combine(group.Folder, "kek-2"), Path.Combine(group.Folder, "keys-2"));

        await ShouldNotOpenAsync(new SealedKeyFiles(Path.Combine(group.Folder, "keys"), other), "one");
    }

    [Fact]
    public async Task Kek_ThatWasLost_IsNamedAndNotReplaced()
    {
        using var group = await TestGroup.CreateAsync();
        var (kek, keys) = (Path.Combine(group.Folder, "kek"), Path.Combine(group.Folder, "keys"));
        File.Move(kek, kek + ".away");

        var failure = Should.Throw<PelagoException>(() => KeyEncryptionKey.OpenFile(kek, keys)).Failure;

        failure.Error.ShouldBe(ErrorCodes.KeyUnusable);
        failure.Message.ShouldBe($"The key file '{kek}' is missing, and what '{keys}' holds was sealed under it.");
        failure.Next.ShouldStartWith("Put that file back");
        File.Exists(kek).ShouldBeFalse();
        File.Move(kek + ".away", kek);
        using var again = KeyEncryptionKey.OpenFile(kek, keys);
        again.Id.ShouldBe(group.Kek.Id);
    }

    [Fact]
    public void Kek_WhereNothingWasSealedYet_IsMade()
    {
        var home = Directory.CreateTempSubdirectory("pelago-kek-");
        var (kek, keys) = (Path.Combine(home.FullName, "kek"), Path.Combine(home.FullName, "keys"));
        using (var withoutDirectory = KeyEncryptionKey.OpenFile(kek, keys))
        {
            File.Delete(kek); // as a first start that was interrupted may leave it
            Directory.CreateDirectory(keys);
            using var withEmptyDirectory = KeyEncryptionKey.OpenFile(kek, keys);
            withEmptyDirectory.Id.ShouldNotBe(withoutDirectory.Id);
        }
        home.Delete(recursive: true);
    }

    [Theory]
    [InlineData("../one")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task Key_NameThatIsAPath_IsRefused(string name)
    {
        using var group = await TestGroup.CreateAsync();

        await Should.ThrowAsync<PelagoException>(async () => await group.Keys.OpenAsync(name, Stop));
    }

    [Fact]
    public async Task Root_Reopened_IsTheSameAndRefusesAnothersKeyOrGroup()
    {
        using var group = await TestGroup.CreateAsync();
        using var again = await OpenRootAsync(group, group.Keys, "local");
        again.Certificate.RawData.ShouldBe(group.Root.Certificate.RawData);

        await Should.ThrowAsync<PelagoException>(() => OpenRootAsync(group, group.Keys, "other"));
        var strange = new SealedKeyFiles(Path.Combine(group.Folder, "strange"), group.Kek);
        var refused = await Should.ThrowAsync<PelagoException>(() => OpenRootAsync(group, strange, "local"));
        refused.Failure.Error.ShouldBe(ErrorCodes.KeyUnusable);
    }

    [Fact]
    public async Task Root_PrivateKey_IsInNoFileAndOnNoWire()
    {
        using var group = await TestGroup.CreateAsync();
        using var regionKek = KeyEncryptionKey.OpenFile(
            Path.Combine(group.Folder, "region", "kek"), Path.Combine(group.Folder, "region", "keys"));
        var regionKeys = new SealedKeyFiles(Path.Combine(group.Folder, "region", "keys"), regionKek);
        var csr = await IntermediateAuthority.RequestAsync(regionKeys, "intermediate-1", Stop);
        var issued = group.Root.CertifyRegion(csr, TestGroup.Domain("us-east-1"), "a test").Require();
        TrustStore.Open(Path.Combine(group.Folder, "region", "bundle.pem")).Offer(group.Bundle).ShouldBeNull();
        await File.WriteAllTextAsync(Path.Combine(group.Folder, "region", "intermediate.pem"), issued.ToPem(), Stop);
        using var root = await group.StealKeyAsync("root");
        using var region = await regionKeys.OpenAsync("intermediate-1", Stop);

        // Every file of both sides, and everything that goes from one to the other.
        var files = Directory.EnumerateFiles(group.Folder, "*", SearchOption.AllDirectories)
            .Select(f => (Name: f, Bytes: File.ReadAllBytes(f))).ToList();
        files.Count.ShouldBeGreaterThan(5);
        files.Add(("the request", csr));
        files.Add(("the answer", System.Text.Encoding.ASCII.GetBytes(issued.ToPem())));
        files.Add(("the bundle", System.Text.Encoding.ASCII.GetBytes(group.Bundle.Pem)));
        foreach (var (name, bytes) in files)
        {
            SecretShapes.FindIn(bytes, root).ShouldBeNull($"the root's key is in {name}");
            SecretShapes.FindIn(bytes, region).ShouldBeNull($"the region's key is in {name}");
        }
        SecretShapes.FindIn(root.ExportPkcs8PrivateKey(), root).ShouldNotBeNull("the search finds what it looks for");
    }

    private static Task<RootAuthority> OpenRootAsync(TestGroup group, ISigningKeys keys, string name)
        => RootAuthority.OpenAsync(name, group.Folder, keys, group.Lifetimes, group.Audit, group.Clock, Stop);

    private static async Task ShouldNotOpenAsync(SealedKeyFiles keys, string name)
    {
        var refused = await Should.ThrowAsync<PelagoException>(async () => await keys.OpenAsync(name, Stop));
        refused.Failure.Error.ShouldBe(ErrorCodes.KeyUnusable);
    }
}
