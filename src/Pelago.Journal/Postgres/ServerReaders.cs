using System.Data;
using System.Threading.Channels;
using Npgsql;

namespace Pelago.Journal;

/// <summary>A few sessions that read, opened when they are first needed and handed out one at a time.</summary>
internal sealed class ServerReaders : IAsyncDisposable
{
    private readonly PostgresParts parts;
    private readonly Func<CancellationToken, ValueTask> certain;
    private readonly Channel<ServerReader> idle;
    private readonly int count;

    /// <param name="parts">What writer and readers share.</param>
    /// <param name="certain">Returns once no write is in doubt.</param>
    /// <param name="refresh">Takes in what another process added.</param>
    public ServerReaders(PostgresParts parts, Func<CancellationToken, ValueTask> certain,
        Func<CancellationToken, ValueTask> refresh)
    {
        (this.parts, this.certain) = (parts, certain);
        count = Math.Max(1, parts.Options.ReaderConnections);
        idle = Channel.CreateBounded<ServerReader>(count);
        for (var i = 0; i < count; i++)
            idle.Writer.TryWrite(new ServerReader(parts, refresh));
    }

    /// <summary>Reads. A session that broke is replaced once: a read can be repeated.</summary>
    /// <exception cref="Model.PelagoException">The server does not answer, or the journal is over.</exception>
    public async ValueTask<T> ReadAsync<T>(
        Func<ServerReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        await certain(cancellationToken);
        var reader = await idle.Reader.ReadAsync(cancellationToken);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    await reader.ReadyAsync(cancellationToken);
                    return await read(reader, cancellationToken);
                }
                catch (Exception e) when (ServerTrouble.Is(e))
                {
                    await reader.BreakAsync();
                    if (attempt > 1 || ServerTrouble.IsAnswer(e))
                        throw;
                }
                catch
                {
                    await reader.BreakAsync(); // in the middle of an answer, perhaps
                    throw;
                }
            }
        }
        finally
        {
            idle.Writer.TryWrite(reader);
        }
    }

    /// <summary>Waits for reads that run, then closes the sessions.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < count; i++)
            await (await idle.Reader.ReadAsync()).DisposeAsync();
        idle.Writer.TryComplete();
    }
}

/// <summary>One session that reads. Used by one caller at a time; every read sees one committed state.</summary>
internal sealed class ServerReader(PostgresParts parts, Func<CancellationToken, ValueTask> refresh) : IAsyncDisposable
{
    private NpgsqlConnection? connection;

    public Opener Opener { get; } = new(parts.Keys);

    public NpgsqlConnection Connection
        => connection ?? throw new InvalidOperationException("The session is not open.");

    /// <summary>Opens the session when there is none, and checks that the store is still the same.</summary>
    public async ValueTask ReadyAsync(CancellationToken cancellationToken)
    {
        if (connection is { State: not ConnectionState.Open })
            await BreakAsync();
        if (connection is not null)
            return;
        var (opened, server, _) = await parts.Sessions.OpenAsync(cancellationToken);
        try
        {
            await parts.Watch.CheckAsync(opened, server, cancellationToken);
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
        connection = opened;
    }

    /// <summary>Takes in what another process added, when one of the rows names something unknown.</summary>
    public ValueTask CatchUpAsync(IReadOnlyList<StoredRow> rows, CancellationToken cancellationToken)
        => rows.Any(r => r.IsNews(parts)) ? RefreshAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>Takes in what another process added.</summary>
    public ValueTask RefreshAsync(CancellationToken cancellationToken) => refresh(cancellationToken);

    /// <summary>Statements that see one state, in one round trip.</summary>
    public NpgsqlBatch Snapshot(params ReadOnlySpan<(string Sql, object[] Values)> statements)
    {
        var batch = new NpgsqlBatch(Connection);
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"));
        foreach (var (sql, values) in statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var value in values)
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            batch.BatchCommands.Add(command);
        }
        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        return batch;
    }

    public async ValueTask BreakAsync()
    {
        if (Interlocked.Exchange(ref connection, null) is { } broken)
            await broken.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await BreakAsync();
        Opener.Dispose();
    }
}
