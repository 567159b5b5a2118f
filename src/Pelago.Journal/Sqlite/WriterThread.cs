using System.Collections.Concurrent;

namespace Pelago.Journal;

/// <summary>The thread that writes. A commit blocks until the disk has it, so it has a thread of its own instead of
/// blocking the pool's.</summary>
internal sealed class WriterThread : IAsyncDisposable
{
    private readonly BlockingCollection<Action> queue;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public WriterThread(int queueCommands)
    {
        queue = new BlockingCollection<Action>(queueCommands);
        new Thread(Run) { IsBackground = true, Name = "journal writer" }.Start();
    }

    /// <summary>Runs work on the thread, after what was given before.</summary>
    /// <exception cref="ObjectDisposedException">The journal is closed.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(queue.IsAddingCompleted, this);
        queue.Add(
            () =>
            {
                try
                {
                    done.SetResult(work());
                }
                catch (Exception e)
                {
                    done.SetException(e); // the caller's await sees it; this thread goes on
                }
            },
            cancellationToken);
        return done.Task;
    }

    /// <summary>Runs what is queued, then ends the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.CompleteAdding();
        await ended.Task;
        queue.Dispose();
    }

    private void Run()
    {
        foreach (var work in queue.GetConsumingEnumerable())
            work();
        ended.SetResult();
    }
}
