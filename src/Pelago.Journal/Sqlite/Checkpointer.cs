using Microsoft.Extensions.Logging;

namespace Pelago.Journal;

/// <summary>Copies the write-ahead log into the database beside the writer, so that no commit waits for it.</summary>
/// <remarks>
/// The problem: SQLite's own checkpoint runs inside the commit that crosses the bound, and every caller of that commit
/// waits while megabytes are copied and forced to disk. The idea: a thread with a connection of its own copies what the
/// log gained since last time, in passive checkpoints, which block nobody. A passive checkpoint cannot end the log
/// while the writer goes on appending to it, so it would grow for ever: once it is long, the writer itself, right after
/// a copy beside it has ended, copies the small rest; its next commit then begins the log anew. A reader that stays in
/// an old state delays that; the log grows meanwhile, which is logged. A disk that copies more slowly than the writer
/// appends holds the writer up once the log is four times as long as it should be. A log that has keys of a subject
/// that was forgotten is cut to nothing as soon as nobody reads it: on the thread, or by the writer after a commit,
/// whoever finds the moment; until then both try again, a few times a second, and neither waits. Rejected: larger
/// bounds alone (rarer and longer pauses), restarting checkpoints on the thread (they take the write lock).
/// </remarks>
internal sealed class Checkpointer : IDisposable
{
    private const int WaitTimes = 4, WarnTimes = 16, CutAgainMilliseconds = 250;

    private readonly Lock copying = new();
    private readonly Database beside;
    private readonly Database writers;
    private readonly int copyPages, restartPages;
    private readonly ILogger logger;
    private readonly SemaphoreSlim wake = new(0);
    private readonly ManualResetEventSlim idle = new(true);
    private readonly Thread thread;
    private volatile bool stopping, writerMayCut;
    private volatile int deletions = 1; // as if there was one before a crash: the log of that time goes, too
    private volatile int deletionsCut;
    private bool started;
    private long length, copyAt, restartAt, warnAt;

    /// <param name="writers">The writer's connection; used on the writer's thread only.</param>
    /// <param name="beside">A connection of this object's own, which it disposes.</param>
    /// <param name="copyPages">Pages of log after which they are copied beside the writer.</param>
    /// <param name="restartPages">Pages of log after which the writer copies the rest itself.</param>
    /// <param name="logger">Where failures go.</param>
    public Checkpointer(Database writers, Database beside, int copyPages, int restartPages, ILogger logger)
    {
        (this.writers, this.beside, this.logger) = (writers, beside, logger);
        this.copyPages = Math.Max(1, copyPages);
        this.restartPages = Math.Max(this.copyPages, restartPages);
        (copyAt, restartAt, warnAt) = (this.copyPages, this.restartPages, (long)this.restartPages * WarnTimes);
        writers.PagesWritten(reset: true);
        Cut(writers);
        thread = new Thread(Run) { IsBackground = true, Name = "journal checkpoints" };
        thread.Start();
    }

    /// <summary>After each commit, on the writer's thread.</summary>
    /// <param name="deletedKeys">It deleted what the log is not to keep either.</param>
    public void Committed(bool deletedKeys)
    {
        length += writers.PagesWritten(reset: true);
        if (deletedKeys)
        {
            deletions++;
            wake.Release();
        }
        else if (writerMayCut)
        {
            CutByWriter();
        }
        if (!idle.IsSet)
        {
            if (length < (long)restartPages * WaitTimes)
                return;
            idle.Wait();
        }
        if (started && length >= restartAt)
            Restart(); // now: later the rest would be larger
        started = length >= copyAt;
        if (!started)
            return;
        copyAt = length + copyPages;
        idle.Reset();
        wake.Release();
    }

    /// <summary>Ends the thread after what it does.</summary>
    public void Dispose()
    {
        stopping = true;
        wake.Release();
        thread.Join();
        wake.Dispose();
        idle.Dispose();
        beside.Dispose();
    }

    /// <summary>Copies the rest; when nothing keeps an older state, the next commit begins the log anew.</summary>
    private void Restart()
    {
        var (pages, copied) = Copy(writers);
        if (pages == copied)
        {
            (length, copyAt, restartAt) = (0, copyPages, restartPages);
            warnAt = (long)restartPages * WarnTimes;
            return;
        }
        restartAt = length + copyPages;
        if (length < warnAt)
            return;
        warnAt = length * 2;
        Log.LogGrows(logger, pages);
    }

    private bool MustCut => deletions != deletionsCut;

    private void Run()
    {
        while (true)
        {
            wake.Wait(MustCut ? CutAgainMilliseconds : Timeout.Infinite);
            if (stopping)
                return;
            Copy(beside);
            idle.Set();
            if (!MustCut)
                continue;
            Cut(beside);
            writerMayCut = MustCut; // a writer that is always at work leaves the thread no moment
        }
    }

    private void CutByWriter()
    {
        writerMayCut = false;
        writers.WaitForOthers(0);
        Cut(writers);
        writers.WaitForOthers(Database.BusyMilliseconds);
    }

    private void Cut(Database database)
    {
        lock (copying)
        {
            try
            {
                var through = deletions; // one more may be committed meanwhile
                if (MustCut && database.Truncate())
                    deletionsCut = through;
            }
            catch (StoreException e)
            {
                Log.CheckpointFailed(logger, e.Code, e.Message); // it is tried again
            }
        }
    }

    /// <summary>Pages in the log, and how many of them are in the database; (0, -1) when it failed.</summary>
    private (int Pages, int Copied) Copy(Database database)
    {
        try
        {
            lock (copying)
                return database.Checkpoint();
        }
        catch (StoreException e)
        {
            // Nothing is lost: the log has it. What broke the disk fails the next commit, which says so to its callers.
            Log.CheckpointFailed(logger, e.Code, e.Message);
            return (0, -1);
        }
    }
}
