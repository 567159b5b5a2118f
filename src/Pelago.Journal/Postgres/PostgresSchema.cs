using System.Text.RegularExpressions;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>The tables of a journal in PostgreSQL.</summary>
/// <remarks>
/// Rows lie in commit order. One unique index on (entity, local sequence) is the second fence: several processes may
/// have the journal open. Rows are found by lane through a plain index on (lane, position), which grows at one place a
/// lane. An entity is an integer that its lane's owner gives: 32 times a counter, plus the lane. Sealed bytes cannot be
/// compressed, so nobody tries (<c>STORAGE EXTERNAL</c>). What was measured stands in docs/adr/0014.
/// </remarks>
internal sealed partial class PostgresSchema
{
    /// <summary>Version of everything in this file. 2: keys say when they were made. 3: rows may be gone.</summary>
    public const int FormatVersion = 3;

    /// <summary>The oldest version that is brought up to date when it is opened.</summary>
    public const int OldestVersion = 1;

    private const string Application = "pelago journal";

    private readonly string name;

    /// <exception cref="PelagoException">The name is not allowed (PLG4026).</exception>
    public PostgresSchema(string name)
    {
        if (!Allowed().IsMatch(name) || name.StartsWith("pg_", StringComparison.Ordinal))
        {
            throw new Failure(ErrorCodes.JournalConnection,
                $"'{name}' cannot be the schema of a journal: 1 to 63 of a-z, 0-9 and _, beginning with a letter and "
                + "not with pg_.", "Name another schema, e.g. pelago_shop.").ToException();
        }
        this.name = name;
    }

    /// <summary>The schema's name; safe inside a statement as it is.</summary>
    public string Name => name;

    /// <summary>What a table is called in a statement.</summary>
    public string this[string table] => $"{name}.{table}";

    /// <summary>Statement that creates the schema and everything in it.</summary>
    public string Create => $"""
        CREATE SCHEMA IF NOT EXISTS {name};
        CREATE TABLE {name}.meta (one boolean PRIMARY KEY CHECK (one), application text NOT NULL,
            format integer NOT NULL, journal_id bytea NOT NULL);
        CREATE TABLE {name}.wrapped_key (number bigint PRIMARY KEY, purpose integer NOT NULL, kek text NOT NULL,
            content bytea NOT NULL, made_at bigint NOT NULL DEFAULT 0);
        CREATE TABLE {name}.salt (number integer PRIMARY KEY, data_key bigint NOT NULL, content bytea NOT NULL);
        -- life: 1, 2, 3 … for this journal's own incarnations, else 0.
        CREATE TABLE {name}.origin (number integer PRIMARY KEY, life bigint NOT NULL, salt integer NOT NULL,
            nonce bigint NOT NULL, sealed bytea NOT NULL);
        CREATE UNIQUE INDEX ON {name}.origin (life) WHERE life > 0;
        -- life: the incarnation that writes; stamp: which group changed the row last.
        CREATE TABLE {name}.lane (lane smallint PRIMARY KEY, epoch bigint NOT NULL, head bigint NOT NULL,
            own_head bigint NOT NULL, life bigint NOT NULL, stamp bigint NOT NULL) WITH (fillfactor = 20);
        INSERT INTO {name}.lane SELECT n, 0, 0, 0, 0, 0 FROM generate_series(0, {EntityKey.Lanes - 1}) n;
        CREATE TABLE {name}.frontier (position bigint NOT NULL, highest bigint NOT NULL, nonce bigint NOT NULL,
            origin integer NOT NULL, salt integer NOT NULL, lane smallint NOT NULL, sealed bytea NOT NULL,
            PRIMARY KEY (lane, origin)) WITH (fillfactor = 50);
        CREATE TABLE {name}.owed (entity bigint NOT NULL, from_sequence bigint NOT NULL, position bigint NOT NULL,
            nonce bigint NOT NULL, origin integer NOT NULL, salt integer NOT NULL, lane smallint NOT NULL,
            sealed bytea NOT NULL, PRIMARY KEY (lane, entity, origin));
        CREATE TABLE {name}.entity (number bigint NOT NULL, nonce bigint NOT NULL, salt integer NOT NULL,
            lane smallint NOT NULL, hash bytea NOT NULL, sealed bytea NOT NULL, PRIMARY KEY (lane, number));
        CREATE UNIQUE INDEX ON {name}.entity (hash);
        CREATE TABLE {name}.event (position bigint NOT NULL, entity bigint NOT NULL, local_sequence bigint NOT NULL,
            sequence bigint NOT NULL, origin_position bigint NOT NULL, timestamp bigint NOT NULL,
            epoch bigint NOT NULL, nonce bigint NOT NULL, origin integer NOT NULL, batch_index integer NOT NULL,
            batch_length integer NOT NULL, salt integer NOT NULL, lane smallint NOT NULL, sealed bytea NOT NULL);
        ALTER TABLE {name}.event ALTER sealed SET STORAGE EXTERNAL;
        CREATE UNIQUE INDEX event_of_entity ON {name}.event (entity, local_sequence);
        CREATE INDEX event_of_lane ON {name}.event (lane, position);
        CREATE TABLE {name}.snapshot (entity bigint PRIMARY KEY, local_sequence bigint NOT NULL,
            nonce bigint NOT NULL, salt integer NOT NULL, sealed bytea NOT NULL);
        ALTER TABLE {name}.snapshot ALTER sealed SET STORAGE EXTERNAL;
        CREATE TABLE {name}.reply (entity bigint NOT NULL, nonce bigint NOT NULL, salt integer NOT NULL,
            hash bytea NOT NULL, sealed bytea NOT NULL, PRIMARY KEY (entity, hash));
        ALTER TABLE {name}.reply ALTER sealed SET STORAGE EXTERNAL;
        CREATE TABLE {name}.conflict (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entity bigint NOT NULL,
            sequence bigint NOT NULL, recorded_at bigint NOT NULL, nonce bigint NOT NULL, kind integer NOT NULL,
            origin integer NOT NULL, salt integer NOT NULL, sealed bytea NOT NULL,
            UNIQUE (entity, kind, origin, sequence));
        -- Forks alone: what is read of the ledger at every start.
        CREATE INDEX ON {name}.conflict (number) WHERE kind = 3;
        {Compaction}
        INSERT INTO {name}.meta VALUES (true, '{Application}', {FormatVersion}, @journal_id);
        """;

    /// <summary>Statement that creates a table that journals of this format may lack: it came later.</summary>
    public string CreateEffectMarks => $"""
        CREATE TABLE IF NOT EXISTS {name}.effect_mark (position bigint NOT NULL, nonce bigint NOT NULL,
            origin integer NOT NULL, salt integer NOT NULL, lane smallint NOT NULL, sealed bytea NOT NULL,
            PRIMARY KEY (lane, origin)) WITH (fillfactor = 50);
        """;

    /// <summary>Statement that makes the newest version of an older one, and changes nothing of the newest.</summary>
    public string Upgrade => $"""
        DO $$ BEGIN
            IF (SELECT format FROM {name}.meta) = 1 THEN
                ALTER TABLE {name}.wrapped_key ADD COLUMN IF NOT EXISTS made_at bigint NOT NULL DEFAULT 0;
                UPDATE {name}.meta SET format = 2;
            END IF;
            IF (SELECT format FROM {name}.meta) = 2 THEN
                {Compaction}
                UPDATE {name}.meta SET format = 3;
            END IF;
        END $$;
        """;

    // What stands for rows of an entity through a local sequence, which are gone; and a bit for each position whose row
    // is gone: bit b of word w stands for position 64 w + b.
    private string Compaction => $"""
        CREATE TABLE IF NOT EXISTS {name}.checkpoint (entity bigint PRIMARY KEY, through bigint NOT NULL,
            nonce bigint NOT NULL, salt integer NOT NULL, lane smallint NOT NULL, sealed bytea NOT NULL);
        ALTER TABLE {name}.checkpoint ALTER sealed SET STORAGE EXTERNAL;
        CREATE INDEX IF NOT EXISTS checkpoint_of_lane ON {name}.checkpoint (lane, entity);
        CREATE TABLE IF NOT EXISTS {name}.removed (word bigint NOT NULL, bits bigint NOT NULL, lane smallint NOT NULL,
            PRIMARY KEY (lane, word)) WITH (fillfactor = 50);
        """;

    /// <summary>Statement that creates a table that journals of this format may lack: it came later.</summary>
    public string CreateNotes => $"""
        CREATE TABLE IF NOT EXISTS {name}.note (nonce bigint NOT NULL, salt integer NOT NULL, lane smallint NOT NULL,
            hash bytea NOT NULL, sealed bytea NOT NULL, PRIMARY KEY (lane, hash)) WITH (fillfactor = 50);
        ALTER TABLE {name}.note ALTER sealed SET STORAGE EXTERNAL;
        """;

    /// <summary>Statement that creates a table that journals of this format may lack: it came later.</summary>
    public string CreateSubjectKeys => $"""
        CREATE TABLE IF NOT EXISTS {name}.subject_key (entity bigint NOT NULL, nonce bigint NOT NULL,
            salt integer NOT NULL, hash bytea NOT NULL, sealed bytea NOT NULL, PRIMARY KEY (entity, hash));
        """;

    /// <summary>Statement that creates an index that journals of this format may lack: it came later. By it old entries
    /// are found; forks are kept.</summary>
    public string CreateConflictAge => $"""
        CREATE INDEX IF NOT EXISTS conflict_age ON {name}.conflict (recorded_at) WHERE kind <> 3;
        """;

    /// <summary>True when the tables are there, false when there are none.</summary>
    /// <param name="tables">How many tables the schema has.</param>
    /// <param name="application">What the table meta says, or null.</param>
    /// <param name="format">What it says.</param>
    /// <exception cref="PelagoException">They are somebody else's, or of another format (PLG4002).</exception>
    public bool IsOurs(long tables, string? application, int format)
    {
        if (tables == 0)
            return false;
        if (application == Application && format is >= OldestVersion and <= FormatVersion)
            return true;
        throw new Failure(ErrorCodes.JournalFormat, application == Application
                ? $"The journal in schema {name} has format {format}; this version knows format {FormatVersion}."
                : $"Schema {name} holds tables of another program.",
            "Use the version of Pelago that wrote it, or another schema. Nothing was changed.").ToException();
    }

    [GeneratedRegex("^[a-z][a-z0-9_]{0,62}$", RegexOptions.CultureInvariant)]
    private static partial Regex Allowed();
}
