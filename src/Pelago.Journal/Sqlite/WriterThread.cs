namespace Pelago.Journal;

/// <summary>The thread that writes. A commit blocks until the disk has it, so it has a thread of its own instead of
/// blocking the pool's.</summary>
/// <remarks>It waits without spinning first: meanwhile the cores have other work, and the fifty yields of a blocking
/// collection are fifty switches between threads that this work pays for.</remarks>
internal sealed class WriterThread : IAsyncDisposable
{
    private readonly Queue<Action> queue = new();
    private readonly int capacity;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isClosed;

    public WriterThread(int queueCommands)
    {
        capacity = queueCommands;
        new Thread(Run) { IsBackground = true, Name = "journal writer" }.Start();
    }

    /// <summary>Runs work on the thread, after what was given before.</summary>
    /// <exception cref="ObjectDisposedException">The journal is closed.</exception>
    public Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Add(
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
        lock (queue)
        {
            isClosed = true;
            Monitor.PulseAll(queue);
        }
        await ended.Task;
    }

    // Waits for room; whoever waits is woken by each work that begins, by the end, and when it is cancelled.
    private void Add(Action work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (queue)
        {
            if (queue.Count >= capacity && !isClosed)
                WaitForRoom(cancellationToken);
            ObjectDisposedException.ThrowIf(isClosed, this);
            queue.Enqueue(work);
            Monitor.PulseAll(queue);
        }
    }

    private void WaitForRoom(CancellationToken cancellationToken)
    {
        var cancelled = cancellationToken.UnsafeRegister(static state => Wake((Queue<Action>)state!), queue);
        try
        {
            while (queue.Count >= capacity && !isClosed)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Monitor.Wait(queue);
            }
        }
        finally
        {
            cancelled.Unregister(); // disposing of it would wait for a call that waits for this lock
        }
    }

    private static void Wake(Queue<Action> queue)
    {
        lock (queue)
            Monitor.PulseAll(queue);
    }

    private void Run()
    {
        while (Take() is { } work)
            work();
        ended.SetResult();
    }

    private Action? Take()
    {
        lock (queue)
        {
            while (queue.Count == 0 && !isClosed)
                Monitor.Wait(queue);
            if (queue.Count == capacity)
                Monitor.PulseAll(queue);
            return queue.TryDequeue(out var work) ? work : null;
        }
    }
}
