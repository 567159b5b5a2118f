using System.Text;
using Pelago.Journal;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>What a dump of the files shows without the key: nothing of anybody.</summary>
public sealed class SealingTests : IAsyncDisposable
{
    private const string Marker = "zxqv-secret-7f3a";

    private readonly SqliteFixture fixture = new();

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task Files_OfAFullJournal_ShowNoUserData()
    {
        var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, TestContext.Current.CancellationToken);
        var key = Enumerable.Range(0, 1000)
            .Select(i => new Model.EntityKey($"type-{Marker}", $"id-{Marker}-{i}")).First(k => k.Lane == 3);
        var lane = await journal.AcquireAsync(3);
        var e = new EventRecord
        {
            Entity = key, Origin = Here, Sequence = 1, Vector = Model.VersionVector.Empty.With(Here, 1),
            Timestamp = new Model.HybridTimestamp(1), Tags = [Marker], TraceParent = Marker, IdempotencyKey = Marker,
            PayloadName = $"name-{Marker}", Payload = Bytes(Marker),
        };
        await journal.AppendAsync(new LaneBatch
        {
            Lane = 3, Epoch = lane.Epoch, Rows = [new EventRow(e, 1, true)], Owed = [new Owed(key, There, 1, 1)],
            Replies = [new RememberedReply(key, Marker, Bytes(Marker))],
            Snapshots = [new EntitySnapshot(key, 1, Bytes(Marker))],
            Conflicts = [new ConflictRecord(key, ConflictKind.Fork, There, 1, 1, Marker)],
        });
        ShouldNotShow(Marker);
        await journal.DisposeAsync();
        ShouldNotShow(Marker);
        await using var again = await fixture.OpenAsync();
        (await again.ImageAsync(key)).Replies.Single().IdempotencyKey.ShouldBe(Marker);
    }

    [Fact]
    public async Task Nonces_AfterRestartsAndARestore_NeverRepeatUnderOneSalt()
    {
        object? copy = null;
        var used = new HashSet<string>();
        for (ulong start = 1; start <= 4; start++)
        {
            var journal = await fixture.OpenAsync();
            if (start == 1)
                await journal.OpenIncarnationAsync(Here, TestContext.Current.CancellationToken);
            var lane = await journal.AcquireAsync(3);
            var next = (ulong)(await journal.ImageAsync(Key(3))).Rows.Count + 1;
            for (var i = next; i < next + 20; i++)
                await journal.AppendAsync(Batch(lane, Own(Key(3), i, i)));
            await journal.DisposeAsync();
            using (var database = Database.Open(Path.Combine(fixture.DataDirectory, "journal.db"), false, 1024))
            using (database.Once("SELECT hex(s.content) || e.nonce FROM event e JOIN salt s ON s.number = e.salt "
                + $"WHERE e.local_sequence >= {next}", out var select))
            {
                while (select.Step())
                    used.Add(select.Text(0)).ShouldBeTrue();
            }
            if (start == 2)
                copy = await fixture.CopyAsync();
            if (start == 3)
                await fixture.RestoreAsync(copy!);
        }
        used.Count.ShouldBe(80);
    }

    [Fact]
    public async Task Tables_ThatNameASalt_AreAllCounted()
    {
        await (await fixture.OpenAsync()).DisposeAsync();
        using var database = Database.Open(Path.Combine(fixture.DataDirectory, "journal.db"), false, 1024);
        var tables = new List<string>();
        using (database.Once("SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
            + "WHERE m.type = 'table' AND c.name = 'salt'", out var select))
        {
            while (select.Step())
                tables.Add(select.Text(0));
        }

        StatsCounts.SideTables.Append("event").ShouldBe(tables, ignoreOrder: true);
    }

    private void ShouldNotShow(string text)
    {
        foreach (var file in Directory.EnumerateFiles(fixture.DataDirectory, "journal.db*"))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            bytes.AsSpan().IndexOf(Bytes(text)).ShouldBe(-1, file);
            bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes(text)).ShouldBe(-1, file);
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
