using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>Rows that were altered, moved or taken away behind the journal's back are named, and park their entity
/// alone.</summary>
public sealed class PostgresDamageTests(SharedServer server) : IAsyncDisposable
{
    private readonly PostgresFixture fixture = new(server.GetAsync);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Theory]
    [InlineData("UPDATE {0}.event SET sequence = sequence + 1 WHERE position = 3", 3)]
    [InlineData("UPDATE {0}.event SET origin_position = 1 WHERE position = 3", 3)]
    [InlineData("UPDATE {0}.event SET timestamp = 0 WHERE position = 3", 3)]
    [InlineData("UPDATE {0}.event SET epoch = 0 WHERE position = 3", 3)]
    [InlineData("UPDATE {0}.event SET nonce = nonce + 1 WHERE position = 3", 3)]
    [InlineData("UPDATE {0}.event SET batch_index = 0 WHERE position = 3", 3)]
    [InlineData("UPDATE {0}.event SET origin = 99 WHERE position = 3", 3)]
    [InlineData("UPDATE {0}.event SET salt = 99 WHERE position = 3", 3)]
    [InlineData("UPDATE {0}.event SET sealed = set_byte(sealed, 5, get_byte(sealed, 5) # 1) WHERE position = 3", 3)]
    [InlineData("UPDATE {0}.event a SET sealed = b.sealed, nonce = b.nonce FROM {0}.event b "
        + "WHERE a.position = 3 AND b.position = 2", 3)]
    [InlineData("DELETE FROM {0}.event WHERE position = 3", 3)]
    public async Task Row_AlteredOrGone_IsReportedByEveryRead(string sql, ulong position)
    {
        await WriteAsync();
        await fixture.ExecuteAsync(string.Format(null, sql, fixture.Schema));
        await using var journal = await fixture.OpenAsync();
        var image = await journal.ImageAsync(Key(3));
        image.Damage!.Error.ShouldBe(ErrorCodes.JournalDamaged);
        (await journal.ImageAsync(Key(3, 1))).Damage.ShouldBeNull();
        var page = await journal.ReadLaneAsync(3, 0, null, 100, 100_000, Cancelled);
        page.Damaged.ShouldBe([position]);
        page.Rows.Select(r => r.Position).ShouldBe([1ul, 2ul, 4ul, 5ul, 6ul]);
        page.Through.ShouldBe(6ul);
        var found = (await journal.CheckAsync(null, Cancelled)).Damage;
        found.ShouldContain(f => f.Message.Contains($"position {position} of lane 3", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("snapshot", "the snapshot")]
    [InlineData("reply", "a remembered reply")]
    [InlineData("entity", "entity ")]
    [InlineData("frontier", "a frontier of lane 3")]
    [InlineData("owed", "an owed gap of lane 3")]
    [InlineData("conflict", "a conflict record")]
    [InlineData("note", "a note of lane 3")]
    [InlineData("subject_key", "a key of the subject of entity ")]
    public async Task Record_Altered_IsFoundByTheCheck(string table, string named)
    {
        await WriteAsync();
        await fixture.ExecuteAsync(
            $"UPDATE {fixture.Schema}.{table} SET sealed = set_byte(sealed, 1, get_byte(sealed, 1) # 1)");
        await using var journal = await fixture.OpenAsync();
        var found = (await journal.CheckAsync(null, Cancelled)).Damage;
        found.ShouldContain(f => f.Message.Contains(named, StringComparison.Ordinal));
        if (table is "snapshot" or "reply" or "entity")
            (await journal.ImageAsync(Key(3))).Damage!.Error.ShouldBe(ErrorCodes.JournalDamaged);
        if (table is "frontier" or "owed")
            (await journal.AcquireAsync(3)).Frontiers.ShouldBeEmpty();
        if (table == "subject_key")
            (await journal.ImageAsync(SubjectKeyIn(3).Subject)).Damage!.Error.ShouldBe(ErrorCodes.JournalDamaged);
        if (table == "note")
            (await journal.AcquireAsync(3)).NotesDamaged.ShouldBeTrue();
        if (table == "conflict")
            (await journal.AcquireAsync(3)).Forks.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("UPDATE {0}.lane SET head = 4 WHERE lane = 3", "its rows end later")]
    [InlineData("UPDATE {0}.lane SET own_head = 2 WHERE lane = 3", "its own rows end at 2")]
    [InlineData("UPDATE {0}.event SET position = 7 WHERE position = 3", "position 3 of lane 3")]
    public async Task Lane_ThatDisagreesWithItsRows_IsFoundByTheCheck(string sql, string named)
    {
        await WriteAsync();
        await fixture.ExecuteAsync(string.Format(null, sql, fixture.Schema));
        await using var journal = await fixture.OpenAsync();
        (await journal.CheckAsync(null, Cancelled)).Damage
            .ShouldContain(f => f.Message.Contains(named, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("event_of_entity", "entity, local_sequence")]
    [InlineData("event_of_lane", "lane, position")]
    public async Task Index_ThatLacksRows_IsNamedByTheCheck(string index, string columns)
    {
        // The server writes no entries into an index that it believes is still being built.
        await (await fixture.OpenAsync()).DisposeAsync();
        await SetReadyAsync(index, "false");
        await WriteAsync();
        await SetReadyAsync(index, "true");
        await using var journal = await fixture.OpenAsync();

        var report = await journal.CheckAsync(null, Cancelled);

        report.Damage.ShouldContain(f => f.Message.Contains($"has 6 rows, and its index on ({columns}) leads to 0",
            StringComparison.Ordinal), string.Join('\n', report.Damage));
    }

    private async Task SetReadyAsync(string index, string ready) => await fixture.ExecuteAsync(
        $"UPDATE pg_index SET indisready = {ready} WHERE indexrelid = '{fixture.Schema}.{index}'::regclass");

    private async Task WriteAsync()
    {
        await using var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, Cancelled);
        var lane = await journal.AcquireAsync(3);
        await journal.AppendAsync(Batch(lane, Own(Key(3, 1), 1, 1)));
        for (ulong i = 1; i <= 5; i++)
            await journal.AppendAsync(Batch(lane, Own(Key(3), i, i)));
        await journal.AppendAsync(new LaneBatch
        {
            Lane = 3, Epoch = lane.Epoch, Frontiers = [new Frontier(There, 5, 5)],
            Owed = [new Owed(Key(3), There, 2, 2)], Replies = [new RememberedReply(Key(3), "a", new byte[] { 1 })],
            Snapshots = [new EntitySnapshot(Key(3), 1, new byte[] { 1 })],
            Conflicts = [new ConflictRecord(Key(3), ConflictKind.Fork, There, 1, 1, "two claim it")],
            Notes = [new LaneNote("a", new byte[] { 1 })], SubjectKeys = [SubjectKeyIn(3)],
        });
    }
}
