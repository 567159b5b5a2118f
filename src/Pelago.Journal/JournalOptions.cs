using Microsoft.Extensions.Logging;

namespace Pelago.Journal;

/// <summary>Where an embedded journal lies, and its bounds.</summary>
public sealed record JournalOptions : IJournalPlace
{
    /// <summary>Directory of the database and its lock file; created with mode 0700 when it is missing.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The guard file. It must lie outside <see cref="DataDirectory"/>: what restores or clones the one must
    /// not restore or clone the other.</summary>
    public required string GuardFile { get; init; }

    /// <summary>How often the guard file takes note of how far the journal has come, if it has come further: an older
    /// copy that is put back after a kill shows as one once it lacks more than was written since. Default 10.</summary>
    public int GuardIntervalSeconds { get; init; } = 10;

    /// <summary>Who does not run while the journal cannot be used, for people; e.g. <c>service demo/shop in region
    /// eu-west-1</c>.</summary>
    public string Owner { get; init; } = "this program";

    /// <summary>Reader connections kept open, each with a page cache of its own. Default 4.</summary>
    public int ReaderConnections { get; init; } = 4;

    /// <summary>Page cache of the writer in KiB; each reader has a quarter of it. Default 65,536.</summary>
    public int WriterCacheKibibytes { get; init; } = 64 * 1024;

    /// <summary>Entities whose number is remembered, so that their id is not hashed and looked up again. Default
    /// 200,000 (about 40 MB at worst).</summary>
    public int EntityCacheEntries { get; init; } = 200_000;

    /// <summary>Rows that are looked up in memory before they are indexed on disk in one sorted run. At most three
    /// times as many are held, at about 60 bytes each. Default 65,536.</summary>
    public int IndexRunRows { get; init; } = 65_536;

    /// <summary>Pages of write-ahead log after which they are copied into the database, beside the writer. Default
    /// 1,000 (4 MB).</summary>
    public int CheckpointPages { get; init; } = 1_000;

    /// <summary>Pages of write-ahead log after which the writer ends it and begins it anew; bounds its size (while no
    /// read lasts long) and the time of recovery after a crash. Default 16,000 (64 MB).</summary>
    public int LogPages { get; init; } = 16_000;

    /// <summary>Commands that may wait for the writer. Default 64.</summary>
    public int WriterQueueCommands { get; init; } = 64;

    /// <summary>Days after which new rows are sealed under a new data key; 0 for never. Default 90.</summary>
    public int DataKeyMaxAgeDays { get; init; } = 90;

    /// <summary>Days for which entries of the conflict ledger are kept, forks for ever; 0 for all of them. Default
    /// 90.</summary>
    public int ConflictRetentionDays { get; init; } = 90;

    /// <inheritdoc />
    public async ValueTask<IJournal> OpenAsync(
        IKeyEncryption kek, TimeProvider clock, ILogger logger, CancellationToken cancellationToken)
        => await SqliteJournal.OpenAsync(this, kek, clock, logger, cancellationToken);
}
