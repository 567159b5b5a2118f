using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>A server whose disk fills up in the middle of appends.</summary>
public sealed class PostgresFullDiskTests
{
    private const int DiskBytes = 128 * 1024 * 1024, RoomBytes = 12 * 1024 * 1024;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Append_ServersDiskFull_FailsLosesNothingAndGoesOnWithSpace()
    {
        await using var small = await SmallDisk.MountAsync(DiskBytes);
        var root = Directory.CreateDirectory(Path.Combine(small.Path, "server")).FullName;
        File.SetUnixFileMode(small.Path, (UnixFileMode)0b111_101_101);
        await using var server = await PostgresServer.StartAsync(root);
        await using var fixture = new PostgresFixture(() => Task.FromResult(server), isShared: false);
        var options = (await fixture.OptionsAsync()) with { DoubtMilliseconds = 300 };
        await using var journal = await fixture.OpenAsync(options);
        await journal.OpenIncarnationAsync(Here, Cancelled);
        var lane = await journal.AcquireAsync(3);
        var ballast = Path.Combine(small.Path, "ballast");
        await File.WriteAllBytesAsync(
            ballast, new byte[Math.Max(0, new DriveInfo(small.Path).AvailableFreeSpace - RoomBytes)], Cancelled);

        var (next, payload) = (1ul, new string('p', 100_000));
        while (await TryAppendAsync())
            next++;
        next.ShouldBeGreaterThan(1ul);
        journal.Trouble!.Error.ShouldBeOneOf(ErrorCodes.JournalStoreFailed, ErrorCodes.JournalServerAway);
        journal.Trouble.Next.ShouldNotBeEmpty();
        File.Delete(ballast);
        await Eventually.BeTrue(async () =>
        {
            if (!server.IsRunning) // where its log found no room the server has ended itself
                await server.RunServerAsync();
            return await TryAppendAsync();
        }, "a row once there is space");
        journal.Trouble.ShouldBeNull();
        var positions = (await journal.ReadAllAsync(3, pageRows: 20)).Select(r => r.Position);
        positions.ShouldBe(Enumerable.Range(1, (int)next).Select(i => (ulong)i));
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();

        async Task<bool> TryAppendAsync()
        {
            var results = await journal.AppendAsync([Batch(lane, Own(Key(3), next, next, payload))], Cancelled);
            return results.Single().Outcome == CommitOutcome.Committed;
        }
    }
}
