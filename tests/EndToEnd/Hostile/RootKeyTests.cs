using System.Globalization;
using System.Security.Cryptography;
using Pelago.Pki;

namespace Pelago.Tests.EndToEnd;

/// <summary>The private key of the group's root: in the federation plane and nowhere else.</summary>
public sealed class RootKeyTests(HostileWorld hostile) : HostileTest(hostile)
{
    private const int ChunkBytes = 4 * 1024 * 1024;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RootKey_OfARunningWorld_IsInNoFile()
    {
        using var root = await OpenAsync();
        var sealedKey = await File.ReadAllBytesAsync(Path.Combine(Federation, "keys", "root.key"), Stop);
        var regions = Path.Combine(Hostile.World.Data, "regions") + "/";
        var looked = 0;
        foreach (var file in Directory.EnumerateFiles(Hostile.World.Data, "*", SearchOption.AllDirectories))
        {
            if (await ReadAsync(file) is not { Length: > 0 } bytes)
                continue;
            looked++;
            SecretShapes.FindIn(bytes, root).ShouldBeNull($"the root's key is in {file}");
            if (!file.StartsWith(Federation, StringComparison.Ordinal))
                bytes.AsSpan().IndexOf(sealedKey).ShouldBe(-1, $"the sealed key is in {file}");
        }
        looked.ShouldBeGreaterThan(50);
        Directory.EnumerateFiles(regions, "*.key", SearchOption.AllDirectories).ShouldNotBeEmpty();
        SecretShapes.FindIn(root.ExportPkcs8PrivateKey(), root).ShouldNotBeNull("the search finds what it looks for");
    }

    /// <summary>Reading another process's memory needs its user, and on most systems root.</summary>
    [Fact]
    public async Task RootKey_OfARunningWorld_IsInTheMemoryOfTheFederationPlaneOnly()
    {
        using var root = await OpenAsync();
        var key = root.ExportParameters(includePrivateParameters: true).D!;
        var pids = TestWorld.Pids(await Hostile.World.UntilReadyAsync());
        foreach (var (name, pid) in pids)
            HoldsKey(pid, key).ShouldBe(name == "federation", $"whether {name} holds the root's key");
        pids.Count.ShouldBe(9);
    }

    private string Federation => Path.Combine(Hostile.World.Data, "federation") + "/";

    private async Task<ECDsa> OpenAsync()
    {
        using var kek = KeyEncryptionKey.OpenFile(
            Path.Combine(Federation, "kek"), Path.Combine(Federation, "keys"));
        return await new SealedKeyFiles(Path.Combine(Federation, "keys"), kek).OpenAsync("root", Stop);
    }

    private static async Task<byte[]?> ReadAsync(string file)
    {
        try
        {
            if (new FileInfo(file).Length == 0)
                return null; // a lock, which its holder lets nobody open
            await using var stream = new FileStream(
                file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var content = new MemoryStream();
            await stream.CopyToAsync(content, Stop);
            return content.ToArray();
        }
        catch (FileNotFoundException)
        {
            return null; // a temporary file that has been renamed since
        }
    }

    /// <summary>Looks through everything that a process can read of its own memory, for the number in either byte
    /// order: libraries keep it with its little end first.</summary>
    private static bool HoldsKey(int pid, byte[] key)
    {
        byte[] reversed = [.. key.AsEnumerable().Reverse()];
        using var memory = new FileStream($"/proc/{pid}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1);
        var buffer = new byte[ChunkBytes];
        var bytes = 0L;
        foreach (var (start, end) in Mappings(pid))
        {
            for (var at = start; at < end; at += ChunkBytes - key.Length)
            {
                var read = Read(memory, at, buffer.AsSpan(0, (int)Math.Min(ChunkBytes, end - at)));
                bytes += read;
                var chunk = buffer.AsSpan(0, read);
                if (chunk.IndexOf(key) >= 0 || chunk.IndexOf(reversed) >= 0)
                    return true;
            }
        }
        bytes.ShouldBeGreaterThan(10_000_000, $"the memory of process {pid} could be read");
        return false;
    }

    private static int Read(FileStream memory, long at, Span<byte> into)
    {
        try
        {
            return RandomAccess.Read(memory.SafeFileHandle, into, at);
        }
        catch (IOException)
        {
            return 0; // a mapping without content, such as a device's or one that has gone since
        }
    }

    private static IEnumerable<(long Start, long End)> Mappings(int pid)
    {
        foreach (var line in File.ReadLines($"/proc/{pid}/maps"))
        {
            var parts = line.Split(' ');
            var range = parts[0].Split('-');
            if (!parts[1].StartsWith('r') || line.EndsWith("[vsyscall]", StringComparison.Ordinal))
                continue;
            yield return (long.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                long.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }
    }
}
