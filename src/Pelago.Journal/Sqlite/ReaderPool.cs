using System.Threading.Channels;

namespace Pelago.Journal;

/// <summary>A few reader connections, handed out one at a time.</summary>
internal sealed class ReaderPool : IAsyncDisposable
{
    private readonly Channel<JournalReader> idle;
    private readonly int count;

    public ReaderPool(int count, Func<JournalReader> open)
    {
        this.count = Math.Max(1, count);
        idle = Channel.CreateBounded<JournalReader>(this.count);
        try
        {
            for (var i = 0; i < this.count; i++)
                idle.Writer.TryWrite(open());
        }
        catch
        {
            while (idle.Reader.TryRead(out var opened))
                opened.Dispose();
            throw;
        }
    }

    /// <summary>Reads on the caller's thread, for look-ups of one entity.</summary>
    public async ValueTask<T> ReadAsync<T>(Func<JournalReader, T> read, CancellationToken cancellationToken)
    {
        var reader = await idle.Reader.ReadAsync(cancellationToken);
        try
        {
            return read(reader);
        }
        finally
        {
            idle.Writer.TryWrite(reader);
        }
    }

    /// <summary>Reads on a thread of the pool, for what may take long.</summary>
    public async ValueTask<T> ReadLongAsync<T>(Func<JournalReader, T> read, CancellationToken cancellationToken)
    {
        var reader = await idle.Reader.ReadAsync(cancellationToken);
        try
        {
            return await Task.Run(() => read(reader), cancellationToken);
        }
        finally
        {
            idle.Writer.TryWrite(reader);
        }
    }

    /// <summary>Waits for reads that run, then closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < count; i++)
            (await idle.Reader.ReadAsync()).Dispose();
        idle.Writer.TryComplete();
    }
}
