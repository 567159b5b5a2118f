using System.Formats.Tar;
using System.Security.Cryptography;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class ArtifactTests : IDisposable
{
    private readonly DirectoryInfo _work = Directory.CreateTempSubdirectory("pelago-artifact-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _work.Delete(recursive: true);

    [Fact]
    public async Task Pack_SameFilesOtherTimes_SameDigest()
    {
        var first = await PackAsync(Application("one"), "one.tar");
        var second = Application("two");
        foreach (var file in Directory.GetFiles(second))
            File.SetLastWriteTimeUtc(file, new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var again = await PackAsync(second, "two.tar");
        again.Digest.ShouldBe(first.Digest);
        first.Entrypoint.ShouldBe(["dotnet", "app.dll"]);
        ServiceParser.IsDigest(first.Digest).ShouldBeTrue();
    }

    [Fact]
    public async Task Unpack_Packed_GivesTheSameFiles()
    {
        var source = Application("source");
        var artifact = await PackAsync(source, "packed.tar");
        var target = Path.Combine(_work.FullName, "target");
        var unpacked = await ArtifactUnpacker.UnpackAsync(
            PathOf("packed.tar"), artifact.Digest, target, new ArtifactLimits(), Cancellation);
        unpacked.Entrypoint.ShouldBe(artifact.Entrypoint);
        unpacked.Length.ShouldBe(artifact.Length);
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            (await File.ReadAllBytesAsync(copy, Cancellation))
                .ShouldBe(await File.ReadAllBytesAsync(file, Cancellation));
        }
        Directory.GetFiles(target, "*", SearchOption.AllDirectories).Length.ShouldBe(4);
        (File.GetUnixFileMode(Path.Combine(target, "native", "tool")) & UnixFileMode.UserExecute)
            .ShouldNotBe((UnixFileMode)0);
        Directory.GetFileSystemEntries(_work.FullName).ShouldNotContain(target + ".unpack");
    }

    [Fact]
    public async Task Unpack_OneBitChanged_IsRefusedAndLeavesNothing()
    {
        var artifact = await PackAsync(Application("source"), "packed.tar");
        var bytes = await File.ReadAllBytesAsync(PathOf("packed.tar"), Cancellation);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(PathOf("packed.tar"), bytes, Cancellation);
        await RefusedAsync("packed.tar", artifact.Digest);
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("/etc/passwd")]
    [InlineData("blobs/sha256/../../escape")]
    [InlineData("blobs/sha256/0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task Unpack_HostileNameOrContent_IsRefused(string name)
    {
        await using (var output = File.Create(PathOf("hostile.tar")))
        await using (var tar = new TarWriter(output, TarEntryFormat.Ustar))
        {
            await tar.WriteEntryAsync(
                new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream([1, 2, 3]) },
                Cancellation);
        }
        await RefusedAsync("hostile.tar", DigestOf("hostile.tar"));
    }

    [Fact]
    public async Task Unpack_Garbage_IsRefused()
    {
        await File.WriteAllBytesAsync(PathOf("garbage.tar"), new byte[4096], Cancellation);
        await RefusedAsync("garbage.tar", DigestOf("garbage.tar"));
    }

    [Fact]
    public async Task Pack_NoApplication_SaysWhatIsWrong()
    {
        var empty = _work.CreateSubdirectory("empty").FullName;
        (await Should.ThrowAsync<PelagoException>(() => PackAsync(empty, "x.tar"))).Failure.Error
            .ShouldBe(ErrorCodes.NotAnApplication);
        var large = await Should.ThrowAsync<PelagoException>(() => ArtifactPacker.PackAsync(
            Application("large"), PathOf("x.tar"), new ArtifactLimits { MaxUnpackedBytes = 10 }, Cancellation));
        large.Failure.Error.ShouldBe(ErrorCodes.ArtifactTooLarge);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pack_SymbolicLink_IsRefused(bool toDirectory)
    {
        var source = Application("linked");
        var elsewhere = _work.CreateSubdirectory("elsewhere").FullName;
        var secret = Path.Combine(elsewhere, "secret");
        await File.WriteAllTextAsync(secret, "not of the application", Cancellation);
        var link = Path.Combine(source, "native", "link");
        if (toDirectory)
            Directory.CreateSymbolicLink(link, elsewhere);
        else
            File.CreateSymbolicLink(link, secret);
        var failure = (await Should.ThrowAsync<PelagoException>(() => PackAsync(source, "x.tar"))).Failure;
        failure.Error.ShouldBe(ErrorCodes.NotAnApplication);
        failure.Message.ShouldBe($"'{link}' is a symbolic link, which an artifact cannot hold.");
    }

    private async Task RefusedAsync(string file, string digest)
    {
        var target = Path.Combine(_work.FullName, "refused");
        var refused = await Should.ThrowAsync<PelagoException>(() => ArtifactUnpacker.UnpackAsync(
            PathOf(file), digest, target, new ArtifactLimits(), Cancellation));
        refused.Failure.Error.ShouldBe(ErrorCodes.ArtifactInvalid);
        Directory.GetDirectories(_work.FullName, "refused*").ShouldBeEmpty();
        File.Exists(Path.Combine(_work.FullName, "escape")).ShouldBeFalse();
    }

    private Task<Artifact> PackAsync(string directory, string file)
        => ArtifactPacker.PackAsync(directory, PathOf(file), new ArtifactLimits(), Cancellation);

    private string DigestOf(string file)
        => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(PathOf(file))));

    private string PathOf(string file) => Path.Combine(_work.FullName, file);

    private string Application(string name)
    {
        var directory = _work.CreateSubdirectory(name).FullName;
        File.WriteAllText(Path.Combine(directory, "app.dll"), new string('x', 100_000));
        File.WriteAllText(Path.Combine(directory, "app.runtimeconfig.json"), "{}");
        File.WriteAllText(Path.Combine(directory, "data.txt"), "");
        Directory.CreateDirectory(Path.Combine(directory, "native"));
        var tool = Path.Combine(directory, "native", "tool");
        File.WriteAllText(tool, "#!/bin/sh");
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return directory;
    }
}
