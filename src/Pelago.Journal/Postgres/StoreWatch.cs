using Npgsql;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Notices when the store beneath an open journal is no longer the one that was opened. Whoever has such a
/// journal open has memories that the store does not share, so it serves nobody any more until it is opened
/// again.</summary>
internal sealed class StoreWatch(PostgresSchema schema, LaneMemory lanes, string server, Guid journalId, long life)
{
    private Failure? over;

    /// <summary>Which server the journal was opened on.</summary>
    public string Server => server;

    /// <summary>Number of the newest life that this process opened or found when it started. A later one is another
    /// process's.</summary>
    public long Life { get; set; } = life;

    /// <summary>Why the journal has to be opened again, or null.</summary>
    public Failure? Over => Volatile.Read(ref over);

    /// <summary>True when the next opening must find the life broken, whatever it looks like by then.</summary>
    public bool WasReplaced { get; private set; }

    /// <exception cref="PelagoException">The journal is over (PLG4024).</exception>
    public void ThrowIfOver()
    {
        if (Over is { } failure)
            throw failure.ToException();
    }

    /// <summary>Compares a new session's store with what this process knows.</summary>
    /// <exception cref="PelagoException">It is another one, or an older state (PLG4024).</exception>
    public async Task CheckAsync(NpgsqlConnection connection, string found, CancellationToken cancellationToken)
    {
        ThrowIfOver();
        if (found != server)
            throw Replaced($"it was {server} and is now {found}");
        var known = lanes.All; // before the store is asked: it may only be further
        await using var select = new NpgsqlCommand(
            $"SELECT l.lane, l.epoch, l.head, m.journal_id FROM {schema["lane"]} l, {schema["meta"]} m", connection);
        NpgsqlDataReader? row = null;
        try
        {
            row = await select.ExecuteReaderAsync(cancellationToken);
            var seen = 0;
            for (; await row.ReadAsync(cancellationToken); seen++)
            {
                var memory = known[row.GetInt16(0)];
                if (new Guid(row.Bytes(3), bigEndian: true) != journalId)
                    throw Replaced("another journal stands in its schema");
                if (row.GetInt64(1) < memory.Epoch || (ulong)row.GetInt64(2) < memory.Head)
                    throw Replaced($"lane {row.GetInt16(0)} had come to {memory.Head} and now ends at "
                        + $"{row.GetInt64(2)}: it was restored to an older state");
            }
            if (seen != EntityKey.Lanes)
                throw Replaced("it lacks lanes");
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.InvalidSchemaName)
        {
            throw Replaced("its tables are gone");
        }
        finally
        {
            if (row is not null)
                await row.DisposeAsync();
        }
    }

    /// <summary>Another process began a new life of the journal.</summary>
    public PelagoException Superseded() => End(
        "Another process has begun a new life of this journal.");

    /// <summary>A group that was reported as failed turned out to be committed.</summary>
    public PelagoException CommittedLate() => End(
        "A write that was reported as failed, because the journal's server did not answer, turned out to be stored.");

    private PelagoException Replaced(string how)
    {
        WasReplaced = true;
        return End($"The store beneath the journal was replaced: {how}.");
    }

    private PelagoException End(string message)
    {
        var failure = new Failure(ErrorCodes.JournalReplaced, message,
            "The process has to start anew and read the journal again; a supervised one does so by itself.");
        Volatile.Write(ref over, failure);
        return failure.ToException();
    }
}
