using System.Text;
using Npgsql;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>What stands in the way of opening gets a code and changes nothing; and nobody learns what is in the journal
/// from a dump, or its password from a message.</summary>
public sealed class PostgresOpeningTests(SharedServer server) : IAsyncDisposable
{
    private readonly PostgresFixture fixture = new(server.GetAsync);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Theory]
    [InlineData("off")]
    [InlineData("local")]
    [InlineData("remote_write")]
    public async Task Open_WhereCommitsAreNotDurable_IsRefused(string durability)
    {
        var options = await fixture.OptionsAsync();
        var e = await RefusedAsync(options with
        {
            ConnectionString = $"{options.ConnectionString};Options=-c synchronous_commit={durability}",
        }, ErrorCodes.JournalServerUnsafe);
        e.Message.ShouldContain($"synchronous_commit = {durability}");
    }

    [Fact]
    public async Task Open_WhereTransactionsAreReadOnly_IsRefused()
    {
        var options = await fixture.OptionsAsync();
        await RefusedAsync(options with
        {
            ConnectionString = $"{options.ConnectionString};Options=-c default_transaction_read_only=on",
        }, ErrorCodes.JournalServerReadOnly);
    }

    [Theory]
    [InlineData(140_099, true, "on", true, true, "PLG4023")]
    [InlineData(150_000, false, "on", true, true, null)]
    [InlineData(170_002, false, "remote_apply", true, true, null)]
    [InlineData(150_004, false, "on", false, true, "PLG4022")]
    [InlineData(150_004, false, "on", true, false, "PLG4022")]
    [InlineData(150_004, true, "on", true, true, "PLG4021")]
    public void Server_BySettings_IsRefusedByCode(
        int version, bool isStandby, string durability, bool fsync, bool fullPages, string? code)
        => ServerCheck.Refusal(version, "14.9", isStandby, isReadOnly: false, durability, fsync, fullPages)
            ?.Error.Code.ShouldBe(code);

    [Theory]
    [InlineData("")]
    [InlineData("pg_mine")]
    [InlineData("1st")]
    [InlineData("Upper")]
    [InlineData("a; DROP TABLE x")]
    [InlineData("a\"b")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task Open_SchemaOfAnotherForm_IsRefused(string schema)
        => await RefusedAsync((await fixture.OptionsAsync()) with { Schema = schema }, ErrorCodes.JournalConnection);

    [Fact]
    public async Task Open_OtherFormat_IsRefusedAndChangesNothing()
    {
        await WriteAsync();
        await fixture.ExecuteAsync($"UPDATE {fixture.Schema}.meta SET format = 9");
        var before = await DumpAsync();
        var e = await RefusedAsync(await fixture.OptionsAsync(), ErrorCodes.JournalFormat);
        e.Message.ShouldContain("format 9");
        (await DumpAsync() == before).ShouldBeTrue();
    }

    [Theory]
    [InlineData("CREATE TABLE {0}.mine (a integer)")]
    [InlineData("CREATE TABLE {0}.meta (a integer)")]
    public async Task Open_OtherProgramsSchema_IsRefused(string create)
    {
        await fixture.ExecuteAsync($"CREATE SCHEMA {fixture.Schema}");
        await fixture.ExecuteAsync(string.Format(null, create, fixture.Schema));
        await RefusedAsync(await fixture.OptionsAsync(), ErrorCodes.JournalFormat);
    }

    [Fact]
    public async Task Open_KeyLost_IsRefusedAndMakesNoNewKey()
    {
        await WriteAsync();
        File.Delete(fixture.KeyFile);
        await RefusedAsync(await fixture.OptionsAsync(), ErrorCodes.JournalKeyLost);
        File.Exists(fixture.KeyFile).ShouldBeFalse();
    }

    [Fact]
    public async Task Open_ByAnOrdinaryRole_NeedsNoMoreThanTheRightToCreateASchema()
    {
        var role = $"r_{Guid.CreateVersion7():N}";
        await fixture.ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'ordinary'");
        var options = (await fixture.OptionsAsync()) with
        {
            ConnectionString = (await server.GetAsync()).Connection(role, "ordinary"),
        };
        var e = await RefusedAsync(options, ErrorCodes.JournalNotPermitted);
        e.Message.ShouldContain("permission denied");
        await fixture.ExecuteAsync($"GRANT CREATE ON DATABASE postgres TO {role}");
        await using (var journal = await fixture.OpenAsync(options))
        {
            await journal.OpenIncarnationAsync(Here, Cancelled);
            await journal.AppendAsync(Batch(await journal.AcquireAsync(3), Own(Key(3), 1, 1)));
        }
        await using (var again = await fixture.OpenAsync(options))
            again.Identity.Continuity.ShouldBe(Continuity.Clean);
        await fixture.ExecuteAsync($"DROP SCHEMA {fixture.Schema} CASCADE; "
            + $"REVOKE ALL ON DATABASE postgres FROM {role}; DROP ROLE {role}");
    }

    [Fact]
    public async Task Open_ByTwoAtOnce_CreatesOneJournal()
    {
        var both = await Task.WhenAll(fixture.OpenAsync(), fixture.OpenAsync());
        both[0].Identity.JournalId.ShouldBe(both[1].Identity.JournalId);
        foreach (var journal in both)
            await journal.DisposeAsync();
    }

    [Fact]
    public async Task Open_WhileAnotherCreatesItAndTakesLong_WaitsLongerThanForARow()
    {
        var lockOfCreation = $"hashtextextended('pelago journal {fixture.Schema}', 0)";
        var options = await fixture.OptionsAsync();
        await using var other = new NpgsqlConnection((await server.GetAsync()).ConnectionString);
        await other.OpenAsync(Cancelled);
        await AskAsync($"SELECT pg_advisory_lock({lockOfCreation}) IS NULL");
        var opening = fixture.OpenAsync(options);
        var waits = "SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted "
            + $"AND l.locktype = 'advisory' AND ((l.classid::bigint << 32) | l.objid::bigint) = {lockOfCreation} "
            + $"AND clock_timestamp() - a.query_start > interval '{2 * options.LockTimeoutMilliseconds} ms'";

        while (!opening.IsCompleted && !await AskAsync(waits))
            await Task.Yield();
        opening.IsCompleted.ShouldBeFalse();
        await AskAsync($"SELECT pg_advisory_unlock({lockOfCreation})");

        await (await opening).DisposeAsync();

        async Task<bool> AskAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, other);
            return (bool)(await command.ExecuteScalarAsync(Cancelled))!;
        }
    }

    [Fact]
    public async Task Password_WhateverIsWrong_IsInNoMessageAndNoLog()
    {
        var log = new LogLines();
        await using var logged = new PostgresFixture(server.GetAsync) { Logger = log };
        await (await logged.OpenAsync()).DisposeAsync();
        var (running, options) = (await server.GetAsync(), await fixture.OptionsAsync());
        string[] wrong =
        [
            running.Connection("nobody", PostgresServer.Password),
            running.Connection("postgres", PostgresServer.Password + "x"),
            $"Host=127.0.0.1;Port=1;Username=x;Password={PostgresServer.Password}",
            $"Host=127.0.0.1;Port={PostgresServer.Password};Username=x",
            $"{PostgresServer.Password}", $"Host=x;{PostgresServer.Password}=y",
        ];
        foreach (var connection in wrong)
        {
            var e = await Should.ThrowAsync<PelagoException>(
                () => logged.OpenAsync(options with { ConnectionString = connection }));
            e.Failure.Next.ShouldNotBeEmpty();
            e.ToString().ShouldNotContain(PostgresServer.Password);
        }
        options.ToString().ShouldNotContain(PostgresServer.Password);
        log.Text.ShouldNotBeEmpty();
        log.Text.ShouldNotContain(PostgresServer.Password);
    }

    [Fact]
    public async Task Dump_WithoutKeys_ShowsNoPayloadNoIdAndNoTag()
    {
        const string marker = "zxqv-secret-7f3a";
        await using var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, Cancelled);
        var key = Enumerable.Range(0, 1000)
            .Select(i => new EntityKey($"type-{marker}", $"id-{marker}-{i}")).First(k => k.Lane == 3);
        var e = new EventRecord
        {
            Entity = key, Origin = Here, Sequence = 1, Vector = VersionVector.Empty.With(Here, 1),
            Timestamp = new HybridTimestamp(1), Tags = [marker], TraceParent = marker, IdempotencyKey = marker,
            PayloadName = $"name-{marker}", Payload = Encoding.UTF8.GetBytes(marker),
        };
        var bytes = Encoding.UTF8.GetBytes(marker);
        await journal.AppendAsync(new LaneBatch
        {
            Lane = 3, Epoch = (await journal.AcquireAsync(3)).Epoch, Rows = [new EventRow(e, 1, true)],
            Owed = [new Owed(key, There, 1, 1)], Replies = [new RememberedReply(key, marker, bytes)],
            Snapshots = [new EntitySnapshot(key, 1, bytes)],
            Conflicts = [new ConflictRecord(key, ConflictKind.Fork, There, 1, 1, marker)],
        });
        var dump = (string)await fixture.CopyAsync();
        dump.ShouldContain(Convert.ToHexStringLower(journal.Identity.JournalId.ToByteArray(bigEndian: true)));
        dump.ShouldNotContain(Here.Region);
        foreach (var text in (string[])[marker, $"id-{marker}", $"type-{marker}", $"name-{marker}"])
            ShouldNotShow(dump, Encoding.UTF8.GetBytes(text));
        (await journal.ImageAsync(key)).Replies.Single().IdempotencyKey.ShouldBe(marker);
    }

    private static void ShouldNotShow(string dump, byte[] secret)
    {
        dump.ShouldNotContain(Encoding.UTF8.GetString(secret));
        dump.ShouldNotContain(Convert.ToHexString(secret), Case.Insensitive);
        dump.ShouldNotContain(Convert.ToHexString(Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(secret))),
            Case.Insensitive);
        for (var shift = 0; shift < 3; shift++)
        {
            // Base64 of the secret wherever it begins in three bytes, without the characters that neighbours change.
            var encoded = Convert.ToBase64String([.. new byte[shift], .. secret]);
            dump.ShouldNotContain(encoded[(shift == 0 ? 0 : 4)..^4]);
        }
    }

    // Without the two lines that carry a password of the dump's own.
    private async Task<string> DumpAsync() => string.Join('\n', ((string)await fixture.CopyAsync()).Split('\n')
        .Where(line => !line.StartsWith('\\')));

    private async Task WriteAsync()
    {
        await using var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, Cancelled);
        await journal.AppendAsync(Batch(await journal.AcquireAsync(3), Own(Key(3), 1, 1)));
    }

    private async Task<PelagoException> RefusedAsync(PostgresJournalOptions options, ErrorCode code)
    {
        var e = await Should.ThrowAsync<PelagoException>(() => fixture.OpenAsync(options));
        e.Failure.Error.ShouldBe(code, e.Message);
        e.Failure.Next.ShouldNotBeEmpty();
        return e;
    }
}
