using Pelago.Journal;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>The write-ahead log stays bounded although no commit waits for a checkpoint.</summary>
public sealed class CheckpointTests : IAsyncDisposable
{
    private const int CopyPages = 8, LogPages = 64, Commits = 1_000;
    private const long BoundBytes = 5L * LogPages * 4_200; // four times as long at most, and one commit more

    private static readonly string Large = new('x', 9_000);

    private readonly SqliteFixture fixture = new();
    private ulong written;

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task Log_UnderSteadyWrites_StaysBoundedAndLosesNothing()
    {
        var journal = await OpenAsync();
        var lane = await BeginAsync(journal);
        for (var i = 0; i < Commits; i++)
        {
            await WriteAsync(journal, lane);
            LogBytes.ShouldBeLessThan(BoundBytes);
        }
        await fixture.CrashAsync(journal);
        await using var again = await OpenAsync();
        (await again.ReadAllAsync(3)).Count.ShouldBe(Commits);
        (await again.CheckAsync(null, TestContext.Current.CancellationToken)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task Log_WhenALongReadHasEnded_BeginsAnew()
    {
        await using var journal = await OpenAsync();
        var lane = await BeginAsync(journal);
        await WriteAsync(journal, lane);
        using (var reader = Database.Open(Path.Combine(fixture.DataDirectory, "journal.db"), false, 1024))
        {
            reader.Execute("BEGIN");
            reader.Number("SELECT count(*) FROM event").ShouldBe(1);
            for (var i = 0; i < 200; i++)
                await WriteAsync(journal, lane);
            LogBytes.ShouldBeGreaterThan(BoundBytes, "the reader's state must stay readable");
            reader.Number("SELECT count(*) FROM event").ShouldBe(1);
        }
        for (var i = 0; LogBytes > BoundBytes && i < Commits; i++)
            await WriteAsync(journal, lane);
        LogBytes.ShouldBeLessThan(BoundBytes);
    }

    private long LogBytes => new FileInfo(Path.Combine(fixture.DataDirectory, "journal.db-wal")).Length;

    private Task<SqliteJournal> OpenAsync()
        => fixture.OpenAsync(fixture.Options with { CheckpointPages = CopyPages, LogPages = LogPages });

    private static async Task<LaneState> BeginAsync(SqliteJournal journal)
    {
        await journal.OpenIncarnationAsync(Here, TestContext.Current.CancellationToken);
        return await journal.AcquireAsync(3);
    }

    private async Task WriteAsync(SqliteJournal journal, LaneState lane)
    {
        written++;
        await journal.AppendAsync(Batch(lane, Own(Key(3), written, written, Large)));
    }
}
