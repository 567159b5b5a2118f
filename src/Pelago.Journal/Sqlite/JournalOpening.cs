using System.Buffers.Binary;
using System.Security.Cryptography;
using Pelago.Model;
using SQLitePCL;

namespace Pelago.Journal;

/// <summary>Opens the files of an embedded journal: 1 lock, 2 database and its format, 3 keys, 4 a new salt, 5 origins
/// and lanes, 6 rows that the indexes do not cover yet, each of which has to open or be accounted for. Nothing is
/// changed before the format is known to be ours.</summary>
internal sealed class JournalOpening(JournalOptions options, IKeyEncryption kek, TimeProvider clock)
{
    private const long MaxHoles = 1_000_000;

    private readonly KeyOpening keyOpening = new(kek);

    private string DatabasePath => Path.Combine(options.DataDirectory, "journal.db");

    /// <summary>Takes the directory for this process.</summary>
    /// <exception cref="PelagoException">Another has it (PLG4001), or it is not accessible (PLG4003).</exception>
    public FileStream Lock()
    {
        var path = Path.Combine(options.DataDirectory, "journal.lock");
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(options.DataDirectory);
            else
                Directory.CreateDirectory(options.DataDirectory,
                    UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or DirectoryNotFoundException || !File.Exists(path))
        {
            throw NotPermitted(e);
        }
        catch (IOException e)
        {
            throw new Failure(ErrorCodes.JournalInUse,
                $"The journal in '{options.DataDirectory}' is open in another process.",
                "Stop that process, or give this one a directory of its own.").ToException(e);
        }
    }

    /// <summary>Opens the database, or creates it.</summary>
    /// <exception cref="PelagoException">PLG4002 to PLG4008.</exception>
    public async ValueTask<WriterParts> OpenAsync(CancellationToken cancellationToken)
    {
        Database? database = null;
        try
        {
            database = Database.Open(DatabasePath, create: true, options.WriterCacheKibibytes);
            if (!CheckFormat(database))
                await CreateAsync(database, cancellationToken);
            database.Execute(Schema.EffectMarks);
            database.Execute(Schema.Notes);
            database.Execute(Schema.SubjectKeys);
            database.Execute(Schema.ConflictAge);
            Upgrade(database);
            database.Execute("PRAGMA journal_mode = WAL");
            database.Execute(JournalWriter.KeepFreedPages);
            database.Execute("PRAGMA wal_autocheckpoint = 0"); // the checkpointer's work
            database.Execute($"PRAGMA journal_size_limit = {options.LogPages * 4096L}");
            var keys = await ReadKeysAsync(database, cancellationToken);
            var sealer = AddSalt(database, keys);
            return Recover(database, keys, sealer);
        }
        catch (StoreException e)
        {
            database?.Dispose();
            throw e.Primary is raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH
                ? NotPermitted(e) : Damage.Of(e).ToException(e);
        }
        catch
        {
            database?.Dispose();
            throw;
        }
    }

    /// <summary>Opens one reader connection.</summary>
    public JournalReader OpenReader(WriterParts parts)
    {
        var database = Database.Open(DatabasePath, create: false, Math.Max(1024, options.WriterCacheKibibytes / 4));
        database.Execute("PRAGMA query_only = ON");
        return new JournalReader(database, parts);
    }

    /// <summary>Opens the connection that copies the log.</summary>
    public Database OpenBeside()
    {
        var database = Database.Open(DatabasePath, create: false, cacheKibibytes: 1024);
        database.Execute("PRAGMA wal_autocheckpoint = 0");
        database.Execute("PRAGMA busy_timeout = 0"); // nobody waits for a reader while the writer waits for him
        return database;
    }

    /// <summary>True when it is a journal of our format; false when it is empty.</summary>
    private bool CheckFormat(Database database)
    {
        var application = database.Number("PRAGMA application_id");
        var format = database.Number("PRAGMA user_version");
        if (application == 0 && format == 0 && database.Number("SELECT count(*) FROM sqlite_master") == 0)
            return false;
        if (application == Schema.ApplicationId && format is >= Schema.OldestVersion and <= Schema.FormatVersion)
            return true;
        throw new Failure(ErrorCodes.JournalFormat, application == Schema.ApplicationId
                ? $"The journal in '{options.DataDirectory}' has format {format}; this version knows format "
                    + $"{Schema.FormatVersion}."
                : $"'{DatabasePath}' is a database of another program.",
            "Use the version of Pelago that wrote it, or another directory. Nothing was changed.").ToException();
    }

    private static void Upgrade(Database database)
    {
        var version = database.Number("PRAGMA user_version");
        if (version == Schema.FormatVersion)
            return;
        database.Execute("BEGIN IMMEDIATE");
        foreach (var sql in version == 1 ? (string[])[.. Schema.FromVersion1, .. Schema.FromVersion2]
            : Schema.FromVersion2)
            database.Execute(sql);
        database.Execute($"PRAGMA user_version = {Schema.FormatVersion}");
        database.Execute("COMMIT");
    }

    private async ValueTask CreateAsync(Database database, CancellationToken cancellationToken)
    {
        var journalId = RandomNumberGenerator.GetBytes(16);
        var keys = await keyOpening.MakeAsync(
            journalId, clock.GetUtcNow().ToUnixTimeMilliseconds(), cancellationToken);
        database.Execute("BEGIN IMMEDIATE");
        foreach (var sql in Schema.Create)
            database.Execute(sql);
        using (database.Once("INSERT INTO meta VALUES ('journal_id', ?1)", out var meta))
            meta.Bind(1, journalId).Run();
        StoredKeys.Insert(database, keys);
        using (database.Once("INSERT INTO lane VALUES (?1, 0, 0, 0)", out var lane))
        {
            for (var i = 0; i < EntityKey.Lanes; i++)
                lane.Bind(1, i).Run();
        }
        using (database.Once("INSERT INTO run VALUES (?1, 0, ?2)", out var run))
        {
            run.Bind(1, Schema.RowRun).Bind(2, new byte[EntityKey.Lanes * 8]).Run();
            run.Bind(1, Schema.EntityRun).Bind(2, [0]).Run();
        }
        database.Execute($"PRAGMA application_id = {Schema.ApplicationId}");
        database.Execute($"PRAGMA user_version = {Schema.FormatVersion}");
        database.Execute("COMMIT");
    }

    private async ValueTask<KeyRing> ReadKeysAsync(Database database, CancellationToken cancellationToken)
    {
        byte[] journalId;
        using (database.Once("SELECT value FROM meta WHERE name = 'journal_id'", out var meta))
            journalId = meta.Step() ? meta.Blob(0).ToArray() : [];
        var salts = new List<SaltRow>();
        using (database.Once("SELECT number, data_key, content FROM salt", out var select))
        {
            while (select.Step())
                salts.Add(new SaltRow(select.Long(0), select.Long(1), select.Blob(2).ToArray()));
        }
        return await keyOpening.UnwrapAsync(journalId, StoredKeys.Read(database), salts, cancellationToken);
    }

    private static Sealer AddSalt(Database database, KeyRing keys)
    {
        var salt = KeyOpening.NewSalt(keys, keys.NewestDataKey);
        StoredKeys.Insert(database, salt);
        return KeyOpening.SealerOf(keys, salt);
    }

    private WriterParts Recover(Database database, KeyRing keys, Sealer sealer)
    {
        var origins = new OriginTable();
        using (var opener = new Opener(keys))
            origins.Read(ReadOrigins(database), opener);
        var lanes = new LaneTable(database);
        var heads = new byte[EntityKey.Lanes * 8];
        var through = 0L;
        using (database.Once($"SELECT through, heads FROM run WHERE kind = {Schema.RowRun}", out var run))
        {
            if (run.Step() && run.Blob(1).Length == heads.Length)
            {
                through = run.Long(0);
                run.Blob(1).CopyTo(heads);
            }
        }
        var indexed = new ulong[EntityKey.Lanes];
        for (var lane = 0; lane < indexed.Length; lane++)
            indexed[lane] = BinaryPrimitives.ReadUInt64BigEndian(heads.AsSpan(lane * 8));
        var recent = new RecentRows(indexed, through);
        ReadRecent(database, keys, through, recent, lanes);
        var cache = new EntityCache(options.EntityCacheEntries);
        return new WriterParts(database, keys, sealer, origins, cache, ReadRecentEntities(database), recent, lanes,
            ReadNewestNote(database));
    }

    private static NoteMark? ReadNewestNote(Database database)
    {
        using var once = database.Once(
            "SELECT salt, nonce FROM note ORDER BY salt DESC, nonce DESC LIMIT 1", out var select);
        return select.Step() ? new NoteMark(select.Long(0), select.Long(1)) : null;
    }

    private static List<OriginRow> ReadOrigins(Database database)
    {
        var found = new List<OriginRow>();
        using var once = database.Once("SELECT number, life, salt, nonce, sealed FROM origin ORDER BY number",
            out var select);
        while (select.Step())
            found.Add(new OriginRow(
                select.Long(0), select.Long(1), select.Long(2), select.Long(3), select.Blob(4).ToArray()));
        return found;
    }

    private static RecentEntities ReadRecentEntities(Database database)
    {
        var recent = new RecentEntities();
        using var once = database.Once("SELECT number, hash FROM entity WHERE number > "
            + $"(SELECT through FROM run WHERE kind = {Schema.EntityRun})", out var select);
        while (select.Step())
        {
            var hash = select.Blob(1);
            if (hash.Length == 16)
                recent.Add(BinaryPrimitives.ReadUInt128BigEndian(hash), select.Long(0));
        }
        return recent;
    }

    /// <summary>Finds the rows that are not indexed yet. A row out of place is left out, and leaves a hole that reads
    /// as damage; a head that its rows disagree with by more than that cannot be written to, nor can a lane of which
    /// rows are lost that no entity misses.</summary>
    private static void ReadRecent(
        Database database, KeyRing keys, long through, RecentRows recent, LaneTable lanes)
    {
        var one = new List<RowPlace>(1);
        var began = Enumerable.Range(0, EntityKey.Lanes).Select(recent.Head).ToArray();
        using var check = new TailCheck(database, keys, through);
        using var once = database.Once(
            $"SELECT {TailCheck.Columns} FROM event WHERE id > ?1 ORDER BY id", out var select);
        select.Bind(1, through);
        while (select.Step())
        {
            var lane = select.Long(1);
            var position = (ulong)select.Long(2);
            if (lane is < 0 or >= EntityKey.Lanes || position <= recent.Head((int)lane)
                || position > lanes[(int)lane].Head)
                continue;
            recent.AddHole((int)lane, position - 1);
            var place = new RowPlace(select.Long(0), (int)lane, position, select.Long(3), (ulong)select.Long(4));
            check.Look(select, place);
            one.Add(place);
            recent.Add(one);
            one.Clear();
        }
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            var (head, known) = (lanes[lane].Head, recent.Head(lane));
            if (head < known || head - known - RemovedRows.Count(database, lane, known, head) > MaxHoles)
            {
                throw Damage.Failure(
                    $"lane {lane} says that it ends at {head}, but its rows end at {recent.Head(lane)}")
                    .ToException();
            }
            recent.AddHole(lane, head);
            check.Judge(lane, head - began[lane] - RemovedRows.Count(database, lane, began[lane], head));
        }
    }

    private PelagoException NotPermitted(Exception e) => new Failure(ErrorCodes.JournalNotPermitted,
        Sentence.End($"The journal in '{options.DataDirectory}' cannot be opened for writing: {e.Message}"),
        "Give this user read and write access to the directory and the files in it.").ToException(e);
}
