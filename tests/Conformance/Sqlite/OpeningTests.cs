using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>What stands in the way of opening gets a code and changes nothing; and torn and full disks.</summary>
public sealed class OpeningTests : IAsyncDisposable
{
    private readonly SqliteFixture fixture = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string DatabasePath => Path.Combine(fixture.DataDirectory, "journal.db");

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task Open_WhileOpen_IsRefused()
    {
        await using var journal = await fixture.OpenAsync();
        await ShouldRefuseAsync(ErrorCodes.JournalInUse);
    }

    [Fact]
    public async Task Open_OtherFormat_IsRefusedAndChangesNothing()
    {
        await WriteAsync();
        Change("PRAGMA user_version = 9");
        var before = await File.ReadAllBytesAsync(DatabasePath, Cancelled);
        await ShouldRefuseAsync(ErrorCodes.JournalFormat);
        (await File.ReadAllBytesAsync(DatabasePath, Cancelled)).ShouldBe(before);
    }

    [Fact]
    public async Task Open_OtherProgramsDatabase_IsRefused()
    {
        Directory.CreateDirectory(fixture.DataDirectory);
        using (var database = Database.Open(DatabasePath, create: true, 1024))
            database.Execute("CREATE TABLE mine (a INTEGER)");
        await ShouldRefuseAsync(ErrorCodes.JournalFormat);
    }

    [Fact]
    public async Task Open_NoDatabaseAtAll_IsRefused()
    {
        Directory.CreateDirectory(fixture.DataDirectory);
        await File.WriteAllTextAsync(DatabasePath, new string('x', 5000), Cancelled);
        await ShouldRefuseAsync(ErrorCodes.JournalDamaged);
    }

    [Fact]
    public async Task Open_WhereNothingMayBeWritten_IsRefused()
    {
        var options = fixture.Options with { DataDirectory = "/proc/self/journal" };
        var e = await Should.ThrowAsync<PelagoException>(() => fixture.OpenAsync(options));
        e.Failure.Error.ShouldBe(ErrorCodes.JournalNotPermitted);
    }

    [Fact]
    public async Task Open_KeyLost_IsRefusedAndMakesNoNewKey()
    {
        await WriteAsync();
        File.Delete(fixture.KeyFile);
        await ShouldRefuseAsync(ErrorCodes.JournalKeyLost);
        File.Exists(fixture.KeyFile).ShouldBeFalse();
    }

    [Fact]
    public async Task Open_AnothersKey_IsRefused()
    {
        await WriteAsync();
        var content = await File.ReadAllTextAsync(fixture.KeyFile, Cancelled);
        var stored = System.Text.Json.Nodes.JsonNode.Parse(content)!;
        stored["Key"] = Convert.ToBase64String(new byte[32]);
        await File.WriteAllTextAsync(fixture.KeyFile, stored.ToJsonString(), Cancelled);
        await ShouldRefuseAsync(ErrorCodes.JournalKeyWrong);
        stored["Id"] = "another";
        await File.WriteAllTextAsync(fixture.KeyFile, stored.ToJsonString(), Cancelled);
        await ShouldRefuseAsync(ErrorCodes.JournalKeyLost);
        await File.WriteAllTextAsync(fixture.KeyFile, "{}", Cancelled);
        var e = await ShouldRefuseAsync(ErrorCodes.JournalKeyFile);
        e.Message.ShouldNotContain(Convert.ToBase64String(new byte[32]));
    }

    [Fact]
    public async Task Open_KeyFileThatOthersCanRead_IsRefused()
    {
        await WriteAsync();
        File.GetUnixFileMode(fixture.KeyFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetUnixFileMode(fixture.KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        await ShouldRefuseAsync(ErrorCodes.JournalKeyFile);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"formatVersion\":1,\"journalId\":\"x\",\"state\":\"stopped\",\"heads\":[]}")]
    public async Task Open_GuardFileMalformed_IsBroken(string content)
    {
        await WriteAsync();
        await File.WriteAllTextAsync(fixture.GuardFile, content, Cancelled);
        await using var journal = await fixture.OpenAsync();
        journal.Identity.Continuity.ShouldBe(Continuity.Broken);
    }

    [Fact]
    public async Task Open_OverATornTail_HoldsWholeGroupsFromTheFirst()
    {
        var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        for (ulong i = 1; i <= 30; i += 3)
        {
            await journal.AppendAsync(Batch(
                lane, Own(Key(3), i, i), Own(Key(3), i + 1, i + 1), Own(Key(3), i + 2, i + 2)));
        }
        var whole = (string)await fixture.CopyAsync();
        await fixture.CrashAsync(journal);
        var log = await File.ReadAllBytesAsync(Path.Combine(whole, "journal.db-wal"), Cancelled);
        var random = new Random(5);
        var counts = new HashSet<int>();
        for (var round = 0; round < 25; round++)
        {
            await RestoreTornAsync(whole, log.AsMemory(0, random.Next(log.Length / 3, log.Length)));
            await using var torn = await fixture.OpenAsync();
            torn.Identity.Continuity.ShouldNotBe(Continuity.Clean);
            var rows = await torn.ReadAllAsync(3);
            (rows.Count % 3).ShouldBe(0);
            rows.Select(r => r.Position).ShouldBe(Enumerable.Range(1, rows.Count).Select(i => (ulong)i));
            (await torn.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
            counts.Add(rows.Count);
        }
        counts.Count.ShouldBeGreaterThan(3);
    }

    [Fact]
    public async Task Append_DiskFull_FailsChangesNothingAndGoesOnWithSpace()
    {
        await using var small = await SmallDisk.MountAsync();
        var options = fixture.Options with { DataDirectory = Path.Combine(small.Path, "data") };
        await using var journal = await fixture.OpenAsync(options);
        await journal.OpenIncarnationAsync(Here, Cancelled);
        var lane = await journal.AcquireAsync(3);
        var ballast = Path.Combine(small.Path, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[SmallDisk.Bytes / 2], Cancelled);
        var payload = new string('p', 20_000);
        var next = 1ul;
        while (await TryAppendAsync())
            next++;
        next.ShouldBeGreaterThan(1ul);
        (await TryAppendAsync()).ShouldBeFalse();
        (await journal.ImageAsync(Key(3))).Rows.Count.ShouldBe((int)next - 1);
        File.Delete(ballast);
        (await TryAppendAsync()).ShouldBeTrue();
        var positions = (await journal.ReadAllAsync(3)).Select(r => r.Position);
        positions.ShouldBe(Enumerable.Range(1, (int)next).Select(i => (ulong)i));
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();

        async Task<bool> TryAppendAsync()
        {
            var results = await journal.AppendAsync([Batch(lane, Own(Key(3), next, next, payload))], Cancelled);
            return results.Single().Outcome == CommitOutcome.Committed;
        }
    }

    private async Task RestoreTornAsync(string whole, ReadOnlyMemory<byte> log)
    {
        foreach (var file in Directory.EnumerateFiles(fixture.DataDirectory))
            File.Delete(file);
        File.Copy(Path.Combine(whole, "journal.db"), DatabasePath);
        await File.WriteAllBytesAsync(DatabasePath + "-wal", log.ToArray(), Cancelled);
    }

    private async Task<IJournal> BeginAsync()
    {
        var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, Cancelled);
        return journal;
    }

    private async Task WriteAsync()
    {
        await using var journal = await BeginAsync();
        await journal.AppendAsync(Batch(await journal.AcquireAsync(3), Own(Key(3), 1, 1)));
    }

    private async Task<PelagoException> ShouldRefuseAsync(ErrorCode code)
    {
        var e = await Should.ThrowAsync<PelagoException>(fixture.OpenAsync);
        e.Failure.Error.ShouldBe(code, e.Message);
        e.Failure.Next.ShouldNotBeEmpty();
        return e;
    }

    private void Change(string sql)
    {
        using var database = Database.Open(DatabasePath, create: false, 1024);
        database.Execute(sql);
    }
}
