using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>Flipped bits, swapped and missing rows: found, named, and never a crash or a wrong answer.</summary>
public sealed class DamageTests : IAsyncDisposable
{
    private const ulong Rows = 40, Victim = 5;

    private readonly SqliteFixture fixture = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string DatabasePath => Path.Combine(fixture.DataDirectory, "journal.db");

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Theory]
    [InlineData("sealed = zeroblob(length(sealed))")]
    [InlineData("sealed = x''")]
    [InlineData("sealed = (SELECT sealed FROM event WHERE id = 6)")]
    [InlineData("local_sequence = 1000")]
    [InlineData("origin = 2")]
    [InlineData("origin = 99")]
    [InlineData("sequence = sequence + 1")]
    [InlineData("origin_position = 7")]
    [InlineData("timestamp = timestamp - 1")]
    [InlineData("epoch = epoch + 1")]
    [InlineData("batch_index = 0")]
    [InlineData("batch_length = 9")]
    [InlineData("salt = salt + 1")]
    [InlineData("nonce = nonce + 1")]
    [InlineData("entity = 2")]
    [InlineData("lane = 9")]
    [InlineData("position = 1000000")]
    public async Task Row_Altered_IsReportedByEveryRead(string change)
    {
        foreach (var indexed in (bool[])[true, false])
        {
            await WriteAsync(indexed ? 16 : 65_536);
            Change($"UPDATE event SET {change} WHERE id = {Victim}");
            await ShouldNameVictimAsync();
            await fixture.ClearAsync();
        }
    }

    [Fact]
    public async Task Row_Deleted_IsReportedByEveryRead()
    {
        foreach (var indexed in (bool[])[true, false])
        {
            await WriteAsync(indexed ? 16 : 65_536);
            Change($"DELETE FROM event WHERE id = {Victim}");
            await ShouldNameVictimAsync();
            await fixture.ClearAsync();
        }
    }

    [Theory]
    [InlineData("DELETE FROM event WHERE id = (SELECT max(id) FROM event WHERE lane = 3)")]
    [InlineData("UPDATE event SET position = position + 1000 WHERE id = (SELECT max(id) FROM event WHERE lane = 3)")]
    [InlineData("UPDATE event SET lane = 9 WHERE id = (SELECT max(id) FROM event WHERE lane = 3)")]
    [InlineData("UPDATE event SET entity = 1 WHERE id = (SELECT max(id) FROM event WHERE lane = 3)")]
    [InlineData("UPDATE event SET local_sequence = 99 WHERE id = (SELECT max(id) FROM event WHERE lane = 3)")]
    [InlineData("UPDATE event SET entity = 4 WHERE id = (SELECT max(id) FROM event)")] // where it is the next one
    public async Task NewestRow_OfAnEntityIsLostAndNoIndexHasIt_IsNotForgottenSilently(string change)
    {
        await WriteAsync(65_536);
        await AppendAsync(Own(Key(4, 19), 2, 2));
        Change(change);
        var before = await fixture.EventsAsync();
        var error = await Should.ThrowAsync<PelagoException>(fixture.OpenAsync);
        error.Failure.Error.ShouldBe(ErrorCodes.JournalDamaged);
        error.Failure.Message.ShouldContain("of its newest rows");
        (await fixture.EventsAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task NewestRow_OfAnEntityDoesNotOpenAndNoIndexHasIt_ParksItsEntityAlone()
    {
        await WriteAsync(65_536);
        Change("UPDATE event SET sealed = zeroblob(length(sealed)) "
            + "WHERE id = (SELECT max(id) FROM event WHERE lane = 3)");
        await using var journal = await fixture.OpenAsync();
        (await journal.LoadHistoryAsync(Key(3, 1), Cancelled)).Damage!.Message.ShouldContain($"row {Rows} of");
        (await journal.LoadHistoryAsync(Key(3), Cancelled)).Damage.ShouldBeNull();
    }

    [Fact]
    public async Task Store_FailsWhileAnEntityIsRead_IsNoDamageOfTheEntity()
    {
        await WriteAsync(16);
        await using var journal = await fixture.OpenAsync();
        Change("ALTER TABLE reply RENAME TO away");

        var error = await Should.ThrowAsync<PelagoException>(async () => await journal.LoadAsync(Key(3), Cancelled));
        error.Failure.Error.ShouldBe(ErrorCodes.JournalStoreFailed);
        Change("ALTER TABLE away RENAME TO reply");

        (await journal.LoadAsync(Key(3), Cancelled)).Damage.ShouldBeNull("it can be read again");
    }

    [Fact]
    public async Task Index_NamesOneEntityForAnother_ShowsEachAsItIs()
    {
        await WriteAsync(16);
        Change("UPDATE entity_hash SET number = 3 - number WHERE number IN (1, 2)");
        await using var journal = await fixture.OpenAsync();
        foreach (var key in (EntityKey[])[Key(3), Key(3, 1)])
        {
            var image = await journal.LoadHistoryAsync(key, Cancelled);
            image.Rows.Select(r => System.Text.Encoding.UTF8.GetString(r.Event.Payload.Span))
                .ShouldBe(Enumerable.Range(1, (int)Rows).Select(i => $"{key.Id} {i}"));
        }
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("UPDATE entity SET hash = zeroblob(16) WHERE number = 1", "entity 1")]
    [InlineData("UPDATE entity SET sealed = zeroblob(40) WHERE number = 1", "entity 1")]
    [InlineData("UPDATE snapshot SET local_sequence = 30", "snapshot of entity 1")]
    [InlineData("UPDATE reply SET sealed = zeroblob(40)", "reply of entity 1")]
    [InlineData("UPDATE conflict SET sequence = 30", "conflict record of entity 1")]
    [InlineData("UPDATE frontier SET position = 1000", "frontier of lane 3")]
    [InlineData("UPDATE owed SET from_sequence = 1000", "owed gap of lane 3")]
    [InlineData("UPDATE note SET sealed = zeroblob(40)", "note of lane 3")]
    [InlineData("UPDATE subject_key SET sealed = zeroblob(48)", "key of the subject of entity")]
    [InlineData("UPDATE subject_key SET hash = zeroblob(16)", "key of the subject of entity")]
    [InlineData("UPDATE subject_key SET entity = 1", "key of the subject of entity 1")]
    [InlineData("UPDATE lane SET own_head = 2 WHERE lane = 3", "lane 3 says that its own rows end")]
    [InlineData("DELETE FROM lane_row WHERE position = 5", "not in the index lane_row")]
    [InlineData("DELETE FROM entity_row WHERE local_sequence = 5", "not in the index entity_row")]
    [InlineData("DELETE FROM entity_hash", "not in the index entity_hash")]
    [InlineData("INSERT INTO lane_row VALUES (3, 9000, 5)", "entry for lane 3, position 9000")]
    [InlineData("INSERT INTO entity_row VALUES (1, 41, 9000)", "entry for entity 1, row 41")]
    [InlineData("INSERT INTO entity_hash VALUES (zeroblob(16), 1)", "entry for entity 1, which is another")]
    public async Task Record_Altered_IsNamedByTheCheck(string change, string named)
    {
        await WriteAsync(16);
        Change(change);
        await using var journal = await fixture.OpenAsync();
        var report = await journal.CheckAsync(null, Cancelled);
        report.Damage.ShouldContain(
            f => f.Message.Contains(named, StringComparison.Ordinal), string.Join('\n', report.Damage));
        report.Damage.ShouldAllBe(f => f.Error == ErrorCodes.JournalDamaged);
    }

    [Fact]
    public async Task Progress_Damaged_IsForgottenSoThatPeersSendAgain()
    {
        await WriteAsync(16);
        Change("UPDATE owed SET position = position + 1");
        await using var journal = await fixture.OpenAsync();
        var lane = await journal.AcquireAsync(3);
        (lane.Frontiers.Count, lane.Owed.Count).ShouldBe((0, 0));
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("UPDATE note SET sealed = zeroblob(40) WHERE nonce = (SELECT max(nonce) FROM note)")]
    [InlineData("UPDATE note SET hash = zeroblob(16) WHERE nonce = (SELECT max(nonce) FROM note)")]
    public async Task Note_Damaged_IsLeftOutAndSaidSo(string change)
    {
        await WriteAsync(16);
        Change(change);
        await using var journal = await fixture.OpenAsync();
        var lane = await journal.AcquireAsync(3);
        (lane.Notes.Count, lane.NotesDamaged).ShouldBe((1, true));
    }

    [Fact]
    public async Task Notes_JournalOfBeforeThereWereAny_IsCompleted()
    {
        await WriteAsync(16);
        using (var database = Database.Open(DatabasePath, create: false, 1024))
            database.Execute("DROP TABLE note");
        await using var journal = await fixture.OpenAsync();
        var lane = await journal.AcquireAsync(3);
        lane.Notes.ShouldBeEmpty();
        await journal.AppendAsync(new LaneBatch
        {
            Lane = 3, Epoch = lane.Epoch, Notes = [new LaneNote("a", new byte[] { 1 })],
        });
        (await journal.AcquireAsync(3)).Notes.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Origins_Damaged_RefuseToOpen()
    {
        await WriteAsync(16);
        Change("UPDATE origin SET life = 9");
        (await Should.ThrowAsync<PelagoException>(fixture.OpenAsync)).Failure.Error.ShouldBe(ErrorCodes.JournalDamaged);
    }

    [Fact]
    public async Task Bytes_FlippedAnywhere_NeverCrashOrAnswerWrongly()
    {
        await WriteAsync(16);
        var sound = await File.ReadAllBytesAsync(DatabasePath, Cancelled);
        var random = new Random(7);
        for (var round = 0; round < 60; round++)
        {
            var damaged = (byte[])sound.Clone();
            for (var flips = 0; flips < 8; flips++)
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(DatabasePath, damaged, Cancelled);
            try
            {
                await using var journal = await fixture.OpenAsync();
                await ReadEverythingAsync(journal);
            }
            catch (PelagoException e)
            {
                e.Failure.Error.Code.ShouldStartWith("PLG4");
            }
        }
    }

    private static async Task ReadEverythingAsync(IJournal journal)
    {
        foreach (var key in (EntityKey[])[Key(3), Key(3, 1)])
        {
            var image = await journal.ImageAsync(key);
            foreach (var row in image.Rows)
            {
                var payload = System.Text.Encoding.UTF8.GetString(row.Event.Payload.Span);
                payload.ShouldBe($"{key.Id} {row.LocalSequence}");
            }
        }
        var page = await journal.ReadLaneAsync(3, 0, null, 1000, 1_000_000, Cancelled);
        page.Rows.ShouldAllBe(r => r.Row.Event.PayloadName == "item-added");
        await journal.CheckAsync(null, Cancelled);
        await journal.ReadConflictsAsync(0, 10, Cancelled);
        await journal.ReadEntitiesAsync(3, 0, 10, Cancelled);
    }

    private async Task ShouldNameVictimAsync()
    {
        await using var journal = await fixture.OpenAsync();
        var image = await journal.LoadHistoryAsync(Key(3), Cancelled);
        image.Damage.ShouldNotBeNull().Error.ShouldBe(ErrorCodes.JournalDamaged);
        image.Damage.Message.ShouldContain(Key(3).ToString());
        var page = await journal.ReadLaneAsync(3, 0, null, 1000, 1_000_000, Cancelled);
        page.Damaged.ShouldBe([Victim]);
        page.Rows.Count.ShouldBe((int)Rows * 2 - 1);
        page.Through.ShouldBe(Rows * 2);
        var report = await journal.CheckAsync(null, Cancelled);
        report.Damage.ShouldContain(f => f.Message.Contains($"position {Victim} of lane 3", StringComparison.Ordinal));
    }

    /// <summary>Two entities of one lane, whose rows alternate, and one of every record.</summary>
    private async Task WriteAsync(int runRows)
    {
        await using var journal = await fixture.OpenAsync(fixture.Options with { IndexRunRows = runRows });
        await journal.OpenIncarnationAsync(Here, Cancelled);
        var lane = await journal.AcquireAsync(3);
        for (ulong i = 1; i <= Rows; i++)
        {
            await journal.AppendAsync(Batch(
                lane, Own(Key(3), i, i, $"{Key(3).Id} {i}"), Own(Key(3, 1), i, i, $"{Key(3, 1).Id} {i}")));
        }
        await journal.AppendAsync(new LaneBatch
        {
            Lane = 3, Epoch = lane.Epoch, Owed = [new Owed(Key(3), There, 1, 1)],
            Frontiers = [new Frontier(There, 1, 1)],
            Replies = [new RememberedReply(Key(3), "key", new byte[] { 1 })],
            Snapshots = [new EntitySnapshot(Key(3), 1, new byte[] { 1 })],
            Conflicts = [new ConflictRecord(Key(3), ConflictKind.Fork, There, 1, 1, "reason")],
            Notes = [new LaneNote("a", new byte[] { 1 }), new LaneNote("b", new byte[] { 2 })],
            SubjectKeys = [SubjectKeyIn(3)],
        });
        var other = await journal.AcquireAsync(4);
        for (var i = 0; i < 20; i++)
            await journal.AppendAsync(Batch(other, Own(Key(4, i), 1, 1)));
    }

    private async Task AppendAsync(EventRow row)
    {
        await using var journal = await fixture.OpenAsync(fixture.Options with { IndexRunRows = 65_536 });
        await journal.AppendAsync(Batch(await journal.AcquireAsync(4), row));
    }

    private void Change(string sql)
    {
        using var database = Database.Open(DatabasePath, create: false, 1024);
        database.Execute(sql);
        if (!sql.StartsWith("ALTER", StringComparison.Ordinal))
            database.Changes.ShouldBeGreaterThan(0);
    }
}
