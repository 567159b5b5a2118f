namespace Pelago.Journal;

/// <summary>The database of an embedded journal.</summary>
/// <remarks>
/// Rows lie in commit order, and nothing else is written at random places while a client waits. A secondary index on
/// the event table would dirty about one page for every event: with 100,000 entities and batches of 256 that costs five
/// sixths of the throughput (measured). So the indexes are tables of their own, <c>entity_row</c>, <c>lane_row</c> and
/// <c>entity_hash</c>, filled behind the appends in runs of some ten thousand rows, sorted, a slice with each commit;
/// what is not indexed yet is looked up in memory and found again at start from <c>run</c>. An entity is a small
/// integer; its id is sealed.
/// </remarks>
internal static class Schema
{
    /// <summary>Version of everything in this file. Also SQLite's <c>user_version</c>. 2: keys say when they were made.
    /// 3: rows may be gone.</summary>
    public const int FormatVersion = 3;

    /// <summary>The oldest version that is brought up to date when it is opened.</summary>
    public const int OldestVersion = 1;

    /// <summary>SQLite's <c>application_id</c>: "PLGJ".</summary>
    public const int ApplicationId = 0x504C474A;

    /// <summary>The kind of <c>run</c> that stands for rows.</summary>
    public const int RowRun = 1;

    /// <summary>The kind of <c>run</c> that stands for entities.</summary>
    public const int EntityRun = 2;

    /// <summary>Creates a table that journals of this format may lack: it came later.</summary>
    public const string EffectMarks = "CREATE TABLE IF NOT EXISTS effect_mark (lane INTEGER NOT NULL, "
        + "origin INTEGER NOT NULL, position INTEGER NOT NULL, salt INTEGER NOT NULL, nonce INTEGER NOT NULL, "
        + "sealed BLOB NOT NULL, PRIMARY KEY (lane, origin)) WITHOUT ROWID";

    /// <summary>Statements that make version 2 of version 1.</summary>
    public static readonly string[] FromVersion1 =
    [
        "ALTER TABLE wrapped_key ADD COLUMN made_at INTEGER NOT NULL DEFAULT 0",
    ];

    /// <summary>Statements that make version 3 of version 2.</summary>
    public static readonly string[] FromVersion2 =
    [
        // What stands for rows of the entity through a local sequence, which are gone.
        "CREATE TABLE checkpoint (entity INTEGER PRIMARY KEY, lane INTEGER NOT NULL, through INTEGER NOT NULL, "
            + "salt INTEGER NOT NULL, nonce INTEGER NOT NULL, sealed BLOB NOT NULL)",
        // A bit for each position whose row is gone: bit b of word w stands for position 64 w + b.
        "CREATE TABLE removed (lane INTEGER NOT NULL, word INTEGER NOT NULL, bits INTEGER NOT NULL, "
            + "PRIMARY KEY (lane, word)) WITHOUT ROWID",
    ];

    /// <summary>Creates a table that journals of this format may lack: it came later.</summary>
    public const string Notes = "CREATE TABLE IF NOT EXISTS note (lane INTEGER NOT NULL, hash BLOB NOT NULL, "
        + "salt INTEGER NOT NULL, nonce INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (lane, hash)) "
        + "WITHOUT ROWID";

    /// <summary>Creates a table that journals of this format may lack: it came later.</summary>
    public const string SubjectKeys = "CREATE TABLE IF NOT EXISTS subject_key (entity INTEGER NOT NULL, "
        + "hash BLOB NOT NULL, salt INTEGER NOT NULL, nonce INTEGER NOT NULL, sealed BLOB NOT NULL, "
        + "PRIMARY KEY (entity, hash)) WITHOUT ROWID";

    /// <summary>Creates an index that journals of this format may lack: it came later. By it old entries are found;
    /// forks are kept.</summary>
    public const string ConflictAge = "CREATE INDEX IF NOT EXISTS conflict_age ON conflict (recorded_at) "
        + "WHERE kind <> 3";

    /// <summary>Statements that create it, run in one transaction.</summary>
    public static readonly string[] Create =
    [
        .. FromVersion2,
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        // purpose: 1 a data key, 2 the key under which ids are hashed.
        "CREATE TABLE wrapped_key (number INTEGER PRIMARY KEY, purpose INTEGER NOT NULL, kek TEXT NOT NULL, "
            + "content BLOB NOT NULL, made_at INTEGER NOT NULL DEFAULT 0)",
        "CREATE TABLE salt (number INTEGER PRIMARY KEY, data_key INTEGER NOT NULL, content BLOB NOT NULL)",
        // life: 1, 2, 3 … for this journal's own incarnations, else 0.
        "CREATE TABLE origin (number INTEGER PRIMARY KEY, life INTEGER NOT NULL, salt INTEGER NOT NULL, "
            + "nonce INTEGER NOT NULL, sealed BLOB NOT NULL)",
        "CREATE TABLE lane (lane INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, head INTEGER NOT NULL, "
            + "own_head INTEGER NOT NULL)",
        "CREATE TABLE frontier (lane INTEGER NOT NULL, origin INTEGER NOT NULL, position INTEGER NOT NULL, "
            + "highest INTEGER NOT NULL, salt INTEGER NOT NULL, nonce INTEGER NOT NULL, sealed BLOB NOT NULL, "
            + "PRIMARY KEY (lane, origin)) "
            + "WITHOUT ROWID",
        "CREATE TABLE owed (lane INTEGER NOT NULL, entity INTEGER NOT NULL, origin INTEGER NOT NULL, "
            + "from_sequence INTEGER NOT NULL, position INTEGER NOT NULL, salt INTEGER NOT NULL, nonce INTEGER NOT "
            + "NULL, "
            + "sealed BLOB NOT NULL, PRIMARY KEY (lane, entity, origin)) WITHOUT ROWID",
        "CREATE TABLE entity (number INTEGER PRIMARY KEY, lane INTEGER NOT NULL, hash BLOB NOT NULL, "
            + "salt INTEGER NOT NULL, nonce INTEGER NOT NULL, sealed BLOB NOT NULL)",
        "CREATE TABLE entity_hash (hash BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE event (id INTEGER PRIMARY KEY, lane INTEGER NOT NULL, position INTEGER NOT NULL, "
            + "entity INTEGER NOT NULL, local_sequence INTEGER NOT NULL, origin INTEGER NOT NULL, "
            + "sequence INTEGER NOT NULL, origin_position INTEGER NOT NULL, timestamp INTEGER NOT NULL, "
            + "epoch INTEGER NOT NULL, batch_index INTEGER NOT NULL, batch_length INTEGER NOT NULL, "
            + "salt INTEGER NOT NULL, nonce INTEGER NOT NULL, sealed BLOB NOT NULL)",
        "CREATE TABLE entity_row (entity INTEGER NOT NULL, local_sequence INTEGER NOT NULL, id INTEGER NOT NULL, "
            + "PRIMARY KEY (entity, local_sequence)) WITHOUT ROWID",
        "CREATE TABLE lane_row (lane INTEGER NOT NULL, position INTEGER NOT NULL, id INTEGER NOT NULL, "
            + "PRIMARY KEY (lane, position)) WITHOUT ROWID",
        "CREATE TABLE snapshot (entity INTEGER PRIMARY KEY, local_sequence INTEGER NOT NULL, salt INTEGER NOT NULL, "
            + "nonce INTEGER NOT NULL, sealed BLOB NOT NULL)",
        "CREATE TABLE reply (entity INTEGER NOT NULL, hash BLOB NOT NULL, salt INTEGER NOT NULL, nonce INTEGER NOT "
        + "NULL, "
            + "sealed BLOB NOT NULL, PRIMARY KEY (entity, hash)) WITHOUT ROWID",
        "CREATE TABLE conflict (number INTEGER PRIMARY KEY, entity INTEGER NOT NULL, kind INTEGER NOT NULL, "
            + "origin INTEGER NOT NULL, sequence INTEGER NOT NULL, recorded_at INTEGER NOT NULL, salt INTEGER NOT "
            + "NULL, "
            + "nonce INTEGER NOT NULL, sealed BLOB NOT NULL, UNIQUE (entity, kind, origin, sequence))",
        // Forks alone: what is read of the ledger at every start.
        "CREATE INDEX conflict_fork ON conflict (number) WHERE kind = 3",
        // Kind 1: through which event id both indexes of rows are complete, and each lane's head at that id
        // (32 × 8 bytes). Kind 2: through which number the index of entities is complete.
        "CREATE TABLE run (kind INTEGER PRIMARY KEY, through INTEGER NOT NULL, heads BLOB NOT NULL)",
    ];
}
