using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Journal;

namespace Pelago.Tests.Conformance;

/// <summary>A SQLite journal in a temporary directory. A crash is a copy of its files while it is open: what a disk
/// would hold after a power cut.</summary>
public sealed class SqliteFixture : IStoreFixture
{
    private readonly string root = Directory.CreateTempSubdirectory("pelago-journal-").FullName;
    private int generation;

    /// <summary>Directory of the journal.</summary>
    public string DataDirectory => Path.Combine(root, $"data-{generation}");

    /// <summary>The guard file.</summary>
    public string GuardFile => Path.Combine(root, $"guard-{generation}.json");

    /// <summary>Tells the age of keys.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>The key file.</summary>
    public string KeyFile => Path.Combine(root, "kek.json");

    /// <summary>Small runs, so that short tests cross the seams between memory and index.</summary>
    public JournalOptions Options => new()
    {
        DataDirectory = DataDirectory, GuardFile = GuardFile, ReaderConnections = 2, IndexRunRows = 16,
            WriterCacheKibibytes = 4096,
    };

    public async Task<IJournal> OpenAsync() => await OpenAsync(Options);

    /// <summary>Opens with other options.</summary>
    public async Task<SqliteJournal> OpenAsync(JournalOptions options) => await SqliteJournal.OpenAsync(
        options, new FileKeyEncryption(KeyFile), Clock, NullLogger.Instance, TestContext.Current.CancellationToken);

    public async Task<IJournal> OpenAsync(IKeyEncryption kek, int dataKeyMaxAgeDays)
        => await (Options with { DataKeyMaxAgeDays = dataKeyMaxAgeDays }).OpenAsync(
            kek, Clock, NullLogger.Instance, TestContext.Current.CancellationToken);

    public async Task<byte[]> DumpAsync()
    {
        using var all = new MemoryStream();
        foreach (var file in Directory.EnumerateFiles(DataDirectory, "journal.db*"))
        {
            // As far as it goes: an open journal may cut its log meanwhile.
            await using var stream = new FileStream(
                file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            await stream.CopyToAsync(all, TestContext.Current.CancellationToken);
        }
        return all.ToArray();
    }

    public Task<string> EventsAsync()
    {
        using var database = Database.Open(Path.Combine(DataDirectory, "journal.db"), create: false, 1024);
        return Task.FromResult(database.Text(
            "SELECT group_concat(id || ' ' || salt || ' ' || nonce || ' ' || hex(sealed)) FROM event"));
    }

    public Task DowngradeAsync()
    {
        using var database = Database.Open(Path.Combine(DataDirectory, "journal.db"), create: false, 1024);
        database.Execute("ALTER TABLE wrapped_key DROP COLUMN made_at");
        database.Execute("DROP TABLE checkpoint");
        database.Execute("DROP TABLE removed");
        database.Execute("PRAGMA user_version = 1");
        return Task.CompletedTask;
    }

    public Task WithoutSubjectKeysAsync()
    {
        using var database = Database.Open(Path.Combine(DataDirectory, "journal.db"), create: false, 1024);
        database.Execute("DROP TABLE subject_key");
        return Task.CompletedTask;
    }

    public async Task CrashAsync(IJournal journal)
    {
        var copy = (string)await CopyAsync();
        var guard = File.Exists(GuardFile)
            ? await File.ReadAllBytesAsync(GuardFile, TestContext.Current.CancellationToken) : null;
        await journal.DisposeAsync();
        generation++;
        Directory.Move(copy, DataDirectory);
        if (guard is not null)
            await File.WriteAllBytesAsync(GuardFile, guard, TestContext.Current.CancellationToken);
    }

    public Task<object> CopyAsync()
    {
        var copy = Path.Combine(root, $"copy-{Guid.CreateVersion7()}");
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.EnumerateFiles(DataDirectory))
        {
            if (Path.GetFileName(file) is "journal.db" or "journal.db-wal")
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }
        return Task.FromResult<object>(copy);
    }

    public Task RestoreAsync(object copy)
    {
        Directory.Delete(DataDirectory, recursive: true);
        Directory.Move((string)copy, DataDirectory);
        return Task.CompletedTask;
    }

    public Task LoseGuardAsync()
    {
        File.Delete(GuardFile);
        return Task.CompletedTask;
    }

    /// <summary>Makes the place fresh again.</summary>
    public Task ClearAsync()
    {
        generation++;
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(root, recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Keys in SQLite.</summary>
public sealed class SqliteKeyTests : KeyConformance
{
    protected override IStoreFixture CreateFixture() => new SqliteFixture();
}

/// <summary>Guard files of journals in SQLite.</summary>
public sealed class SqliteGuardTests : GuardConformance
{
    protected override IStoreFixture CreateFixture() => new SqliteFixture();
}

/// <summary>The suite against SQLite.</summary>
public sealed class SqliteJournalConformance : JournalConformance
{
    protected override IJournalFixture CreateFixture() => new SqliteFixture();
}

/// <summary>How long entries of a ledger in SQLite are kept.</summary>
public sealed class SqliteLedgerTests : LedgerConformance
{
    protected override IStoreFixture CreateFixture() => new SqliteFixture();
}
