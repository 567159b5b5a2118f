using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>What removed rows took is used again.</summary>
public sealed class RemovalSpaceTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const int Rounds = 6;
    private const ulong RoundRows = 2_000;

    private static readonly string Large = new('x', 1_000);

    private readonly SqliteFixture fixture = new();

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task File_RowsAreWrittenAndRemovedAgainAndAgain_StopsGrowing()
    {
        await using var journal = await fixture.OpenAsync(
            fixture.Options with { IndexRunRows = 1_000, CheckpointPages = 50, LogPages = 400 });
        await journal.OpenIncarnationAsync(Here, TestContext.Current.CancellationToken);
        var lane = await journal.AcquireAsync(4);
        var (key, bytes, last) = (Key(4), new List<long>(), 0ul);
        for (var round = 0; round < Rounds; round++)
        {
            for (var end = last + RoundRows; last < end; last += 100)
                await journal.AppendAsync(Batch(lane, [.. Enumerable.Range(1, 100).Select(i
                    => Own(key, last + (ulong)i, last + (ulong)i, Large))]));
            for (var first = last - RoundRows; first < last; first += 500)
                await journal.AppendAsync(Removing(lane, key, first, 500));
            var stats = await journal.CountAsync(null, TestContext.Current.CancellationToken);
            stats.Rows.ShouldBe(0);
            bytes.Add(stats.Bytes);
        }
        output.WriteLine($"bytes after each round of {RoundRows} rows: {string.Join(", ", bytes)}");
        bytes[^1].ShouldBeLessThan(bytes[0] + (bytes[0] / 2), "of six times as many rows");
        (await journal.CheckAsync(null, TestContext.Current.CancellationToken)).Damage.ShouldBeEmpty();
    }

    private static LaneBatch Removing(LaneState lane, EntityKey key, ulong after, int rows) => new()
    {
        Lane = lane.Lane, Epoch = lane.Epoch,
        Checkpoints = [new EntityCheckpoint(key, after + (ulong)rows, new byte[] { 1 })],
        Removed = [.. Enumerable.Range(1, rows).Select(i
            => new RemovedRow(key, after + (ulong)i, after + (ulong)i))],
    };
}
