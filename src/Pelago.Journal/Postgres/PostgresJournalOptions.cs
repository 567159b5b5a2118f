using Microsoft.Extensions.Logging;

namespace Pelago.Journal;

/// <summary>Where a journal in PostgreSQL lies, and its bounds.</summary>
public sealed record PostgresJournalOptions : IJournalPlace
{
    /// <summary>How to reach the server, as Npgsql writes it: <c>Host=…;Port=…;Database=…;Username=…;Password=…</c>.
    /// Part of no message and of no log. Sessions must reach the server itself or a pooler in session mode.</summary>
    public required string ConnectionString { get; init; }

    /// <summary>The schema that the journal has for itself and creates when it is missing: 1 to 63 of a–z, 0–9 and _,
    /// not beginning with a digit or <c>pg_</c>.</summary>
    public required string Schema { get; init; }

    /// <summary>The guard file. It must lie outside the server's directory and its backups: what restores or clones the
    /// one must not restore or clone the other.</summary>
    public required string GuardFile { get; init; }

    /// <summary>How often the guard file takes note of how far the journal has come, if it has come further: an older
    /// copy that is put back after a kill shows as one once it lacks more than was written since. Default 10.</summary>
    public int GuardIntervalSeconds { get; init; } = 10;

    /// <summary>Who does not run while the journal cannot be used, for people; e.g. <c>service demo/shop in region
    /// eu-west-1</c>.</summary>
    public string Owner { get; init; } = "this program";

    /// <summary>Connections that read, opened when they are needed; one more writes. Default 4.</summary>
    public int ReaderConnections { get; init; } = 4;

    /// <summary>Entities whose number is remembered, so that they are not looked up again. Default 200,000 (about 40 MB
    /// at worst).</summary>
    public int EntityCacheEntries { get; init; } = 200_000;

    /// <summary>How long a connection may take to be made. Default 5.</summary>
    public int ConnectTimeoutSeconds { get; init; } = 5;

    /// <summary>How long a statement waits for a lock of somebody else. An append waits for no lane at all. Default
    /// 2,000.</summary>
    public int LockTimeoutMilliseconds { get; init; } = 2_000;

    /// <summary>How long a statement may run. Default 30,000.</summary>
    public int StatementTimeoutMilliseconds { get; init; } = 30_000;

    /// <summary>How long a session of the journal may hold a transaction open without doing anything. Default 10,000.
    /// </summary>
    public int IdleInTransactionTimeoutMilliseconds { get; init; } = 10_000;

    /// <summary>How long an append whose connection broke waits to learn whether it was committed, before it fails.
    /// Default 5,000.</summary>
    public int DoubtMilliseconds { get; init; } = 5_000;

    /// <summary>Days after which new rows are sealed under a new data key; 0 for never. Default 90.</summary>
    public int DataKeyMaxAgeDays { get; init; } = 90;

    /// <summary>Days for which entries of the conflict ledger are kept, forks for ever; 0 for all of them. Default
    /// 90.</summary>
    public int ConflictRetentionDays { get; init; } = 90;

    /// <inheritdoc />
    public async ValueTask<IJournal> OpenAsync(
        IKeyEncryption kek, TimeProvider clock, ILogger logger, CancellationToken cancellationToken)
        => await PostgresJournal.OpenAsync(this, kek, clock, logger, cancellationToken);

    /// <summary>Says where it is, and no password.</summary>
    public override string ToString() => $"PostgreSQL schema {Schema}";
}
