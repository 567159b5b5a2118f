using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Journal;

namespace Pelago.Tests.Conformance;

/// <summary>A journal in a schema of its own on a real server. A crash ends its sessions and leaves the guard file as
/// it was.</summary>
/// <param name="server">The server.</param>
/// <param name="isShared">False when the server goes with the test, and the schema with it.</param>
public sealed class PostgresFixture(Func<Task<PostgresServer>> server, bool isShared = true) : IStoreFixture
{
    private readonly string root = Directory.CreateTempSubdirectory("pelago-journal-").FullName;

    /// <summary>The journal's schema.</summary>
    public string Schema { get; } = $"t_{Guid.CreateVersion7():N}";

    /// <summary>The guard file.</summary>
    public string GuardFile => Path.Combine(root, "guard.json");

    /// <summary>Tells the age of keys.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>The key file.</summary>
    public string KeyFile => Path.Combine(root, "kek.json");

    /// <summary>Where the log of the journal goes.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Short limits, so that what waits for one does not take long.</summary>
    public async Task<PostgresJournalOptions> OptionsAsync() => new()
    {
        ConnectionString = (await server()).ConnectionString, Schema = Schema, GuardFile = GuardFile,
        ReaderConnections = 2, LockTimeoutMilliseconds = 500, ConnectTimeoutSeconds = 5,
    };

    public async Task<IJournal> OpenAsync() => await OpenAsync(await OptionsAsync());

    /// <summary>Opens with other options.</summary>
    public async Task<PostgresJournal> OpenAsync(PostgresJournalOptions options) => await PostgresJournal.OpenAsync(
        options, new FileKeyEncryption(KeyFile), Clock, Logger,
        TestContext.Current.CancellationToken);

    public async Task<IJournal> OpenAsync(IKeyEncryption kek, int dataKeyMaxAgeDays)
        => await (await OptionsAsync() with { DataKeyMaxAgeDays = dataKeyMaxAgeDays }).OpenAsync(
            kek, Clock, Logger, TestContext.Current.CancellationToken);

    public async Task<byte[]> DumpAsync() => System.Text.Encoding.UTF8.GetBytes((string)await CopyAsync());

    public async Task<string> EventsAsync() => (string)(await ExecuteAsync(
        $"SELECT string_agg(e::text, ',' ORDER BY lane, position) FROM {Schema}.event e"))!;

    public async Task DowngradeAsync()
    {
        await ExecuteAsync($"ALTER TABLE {Schema}.wrapped_key DROP COLUMN made_at");
        await ExecuteAsync($"DROP TABLE {Schema}.checkpoint, {Schema}.removed");
        await ExecuteAsync($"UPDATE {Schema}.meta SET format = 1");
    }

    public async Task WithoutSubjectKeysAsync() => await ExecuteAsync($"DROP TABLE {Schema}.subject_key");

    public async Task CrashAsync(IJournal journal)
    {
        var guard = File.Exists(GuardFile)
            ? await File.ReadAllBytesAsync(GuardFile, TestContext.Current.CancellationToken) : null;
        await journal.DisposeAsync();
        if (guard is not null)
            await File.WriteAllBytesAsync(GuardFile, guard, TestContext.Current.CancellationToken);
    }

    public async Task<object> CopyAsync() => await (await server()).DumpAsync(Schema);

    public async Task RestoreAsync(object copy)
    {
        await ExecuteAsync($"DROP SCHEMA {Schema} CASCADE");
        await (await server()).LoadAsync((string)copy);
    }

    public Task LoseGuardAsync()
    {
        File.Delete(GuardFile);
        return Task.CompletedTask;
    }

    /// <summary>Runs a statement on the server.</summary>
    public async Task<object?> ExecuteAsync(string sql) => await (await server()).ExecuteAsync(sql);

    public async ValueTask DisposeAsync()
    {
        Directory.Delete(root, recursive: true);
        if (isShared)
            await ExecuteAsync($"DROP SCHEMA IF EXISTS {Schema} CASCADE");
    }
}

/// <summary>Keys in PostgreSQL.</summary>
public sealed class PostgresKeyTests(SharedServer server) : KeyConformance
{
    protected override IStoreFixture CreateFixture() => new PostgresFixture(server.GetAsync);
}

/// <summary>Guard files of journals in PostgreSQL.</summary>
public sealed class PostgresGuardTests(SharedServer server) : GuardConformance
{
    protected override IStoreFixture CreateFixture() => new PostgresFixture(server.GetAsync);
}

/// <summary>How long entries of a ledger in PostgreSQL are kept.</summary>
public sealed class PostgresLedgerTests(SharedServer server) : LedgerConformance
{
    protected override IStoreFixture CreateFixture() => new PostgresFixture(server.GetAsync);
}

/// <summary>The suite against PostgreSQL.</summary>
public sealed class PostgresJournalConformance(SharedServer server) : JournalConformance
{
    protected override IJournalFixture CreateFixture() => new PostgresFixture(server.GetAsync);
}
