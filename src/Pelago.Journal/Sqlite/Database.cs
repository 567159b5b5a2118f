using SQLitePCL;

namespace Pelago.Journal;

/// <summary>One SQLite connection, used by one thread at a time. Thin on purpose: binding through ADO.NET costs more
/// than the insert itself.</summary>
internal sealed class Database : IDisposable
{
    /// <summary>How long statements wait for what another connection has locked, unless said otherwise.</summary>
    public const int BusyMilliseconds = 10_000;

    private readonly sqlite3 handle;
    private readonly List<sqlite3_stmt> kept = [];

    private Database(sqlite3 handle) => this.handle = handle;

    /// <summary>Opens (and creates, when <paramref name="create"/>) a database file.</summary>
    /// <exception cref="StoreException">It cannot be opened.</exception>
    public static Database Open(string path, bool create, int cacheKibibytes)
    {
        _ = SqliteLibrary.Version;
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | (create ? raw.SQLITE_OPEN_CREATE : 0);
        var code = raw.sqlite3_open_v2(path, out var handle, flags, null);
        if (code != raw.SQLITE_OK)
        {
            handle?.Dispose();
            throw new StoreException(code, raw.sqlite3_errstr(code).utf8_to_string());
        }
        var database = new Database(handle);
        raw.sqlite3_extended_result_codes(handle, 1);
        raw.sqlite3_busy_timeout(handle, BusyMilliseconds);
        try
        {
            database.Execute($"PRAGMA cache_size = -{cacheKibibytes}");
            database.Execute("PRAGMA synchronous = FULL");
            database.Execute("PRAGMA trusted_schema = OFF");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Rows changed by the last statement.</summary>
    public int Changes => raw.sqlite3_changes(handle);

    /// <summary>Prepares a statement that lives as long as the connection.</summary>
    public Statement Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        kept.Add(statement);
        return new Statement(this, statement);
    }

    /// <summary>Prepares a statement that lives until the result is disposed.</summary>
    public IDisposable Once(string sql, out Statement statement)
    {
        Check(raw.sqlite3_prepare_v2(handle, sql, out var once));
        statement = new Statement(this, once);
        return once;
    }

    public void Execute(string sql)
    {
        using var once = Once(sql, out var statement);
        while (statement.Step())
        {
            // A pragma's answer is of no interest here.
        }
    }

    /// <summary>The first column of the first row as text, or an empty string.</summary>
    public string Text(string sql)
    {
        using var once = Once(sql, out var statement);
        return statement.Step() ? statement.Text(0) : "";
    }

    /// <summary>The first column of the first row as a number, or 0.</summary>
    public long Number(string sql)
    {
        using var once = Once(sql, out var statement);
        return statement.Step() ? statement.Long(0) : 0;
    }

    /// <summary>Pages that this connection wrote since the last reset; in write-ahead mode, pages of log.</summary>
    public int PagesWritten(bool reset)
    {
        Check(raw.sqlite3_db_status(handle, raw.SQLITE_DBSTATUS_CACHE_WRITE, out var pages, out _, reset ? 1 : 0));
        return pages;
    }

    /// <summary>Copies as much of the write-ahead log as no reader keeps, without waiting for anybody.</summary>
    /// <returns>Pages in the log, and how many of them the database has now.</returns>
    public (int Pages, int Copied) Checkpoint()
    {
        Check(raw.sqlite3_wal_checkpoint_v2(
            handle, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out var pages, out var copied));
        return (pages, copied);
    }

    /// <summary>Copies the whole write-ahead log and cuts its file to nothing, if nobody reads it or writes to it.
    /// </summary>
    /// <returns>False when somebody does.</returns>
    public bool Truncate()
    {
        var code = raw.sqlite3_wal_checkpoint_v2(handle, "main", raw.SQLITE_CHECKPOINT_TRUNCATE, out _, out _);
        if ((code & 0xFF) == raw.SQLITE_BUSY)
            return false;
        Check(code);
        return true;
    }

    /// <summary>How long a statement waits for what another connection has locked.</summary>
    public void WaitForOthers(int milliseconds) => raw.sqlite3_busy_timeout(handle, milliseconds);

    /// <summary>Runs what may take long; a statement under way ends when the token says so.</summary>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public T Interruptible<T>(Func<T> work, CancellationToken cancellationToken)
    {
        using var ending = cancellationToken.Register(() => raw.sqlite3_interrupt(handle));
        try
        {
            return work();
        }
        catch (StoreException e) when (e.Primary == raw.SQLITE_INTERRUPT)
        {
            throw new OperationCanceledException("The statement was interrupted.", e, cancellationToken);
        }
    }

    /// <summary>Rolls back when a transaction is open; never throws, because it runs while something else is failing.
    /// </summary>
    public void Rollback()
    {
        if (raw.sqlite3_get_autocommit(handle) == 0)
            _ = raw.sqlite3_exec(handle, "ROLLBACK");
    }

    public void Dispose()
    {
        foreach (var statement in kept)
            statement.Dispose();
        handle.Dispose();
    }

    internal void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
            throw new StoreException(code, raw.sqlite3_errmsg(handle).utf8_to_string());
    }
}

/// <summary>A prepared statement. Parameters are numbered from 1, columns from 0.</summary>
internal sealed class Statement(Database database, sqlite3_stmt handle)
{
    public Statement Bind(int index, long value)
    {
        database.Check(raw.sqlite3_bind_int64(handle, index, value));
        return this;
    }

    public Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        database.Check(raw.sqlite3_bind_blob(handle, index, value));
        return this;
    }

    public Statement Bind(int index, string value)
    {
        database.Check(raw.sqlite3_bind_text(handle, index, value));
        return this;
    }

    /// <summary>True when there is a row.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code == raw.SQLITE_ROW)
            return true;
        if (code == raw.SQLITE_DONE)
            return false;
        database.Check(code);
        return false;
    }

    /// <summary>Runs a statement that gives no rows, and makes it ready for the next run.</summary>
    public void Run()
    {
        var code = raw.sqlite3_step(handle);
        raw.sqlite3_reset(handle);
        database.Check(code);
    }

    public void Reset() => raw.sqlite3_reset(handle);

    public long Long(int column) => raw.sqlite3_column_int64(handle, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string() ?? "";

    /// <summary>Valid until the next step or reset.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(handle, column);
}

/// <summary>The store failed. Stays inside the room: it becomes an outcome or a failure with a code.</summary>
internal sealed class StoreException(int code, string message) : Exception(message)
{
    /// <summary>SQLite's extended result code.</summary>
    public int Code => code;

    /// <summary>SQLite's primary result code.</summary>
    public int Primary => code & 0xFF;

    /// <summary>True when what lies on disk is malformed.</summary>
    public bool IsDamage => Primary is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;
}
