using Microsoft.Extensions.Logging;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>The embedded journal: one SQLite database in write-ahead mode with <c>synchronous=FULL</c>, sealed rows,
/// and a guard file outside its directory.</summary>
/// <remarks>Threads: one writes, a few connections read beside it. Stations of an append: <see cref="WriterThread"/>,
/// <see cref="JournalWriter"/>, disk.</remarks>
public sealed class SqliteJournal : IJournal
{
    private const int MaxPageRows = 16_384;

    private readonly FileStream fileLock;
    private readonly GuardKeeper guard;
    private readonly JournalWriter writer;
    private readonly WriterThread thread;
    private readonly ReaderPool readers;
    private readonly KeyRotation rotation;
    private readonly LedgerKeeper ledger;
    private readonly JournalOptions options;
    private JournalIdentity identity;
    private Failure? damagedRead;
    private bool closed;

    private SqliteJournal(
        FileStream fileLock, GuardKeeper guard, JournalWriter writer, ReaderPool readers, JournalOptions options,
        JournalIdentity identity, WriterThread thread, KeyRotation rotation, LedgerKeeper ledger)
    {
        (this.fileLock, this.guard, this.writer, this.readers) = (fileLock, guard, writer, readers);
        (this.options, this.identity, this.thread, this.rotation) = (options, identity, thread, rotation);
        this.ledger = ledger;
    }

    /// <inheritdoc />
    public JournalIdentity Identity => Volatile.Read(ref identity);

    /// <inheritdoc />
    public Failure? Trouble => writer.Trouble ?? Volatile.Read(ref damagedRead);

    /// <summary>Opens the journal in a directory, or creates it.</summary>
    /// <exception cref="PelagoException">In use (PLG4001), another format (PLG4002), not accessible (PLG4003), key
    /// lost, wrong or refused (PLG4004, PLG4005, PLG4008), damaged (PLG4006), store failed (PLG4007).</exception>
    public static async ValueTask<SqliteJournal> OpenAsync(
        JournalOptions options, IKeyEncryption kek, TimeProvider clock, ILogger logger,
        CancellationToken cancellationToken)
    {
        var opening = new JournalOpening(options, kek, clock);
        var fileLock = opening.Lock();
        WriterParts? parts = null;
        JournalWriter? writer = null;
        try
        {
            var file = new GuardFile(options.GuardFile);
            var (state, problem) = await file.ReadAsync(cancellationToken);
            parts = await opening.OpenAsync(cancellationToken);
            var identity = ContinuityCheck.Judge(
                parts.Keys.JournalId, parts.Origins.Newest.Origin?.Incarnation, parts.Lanes.Heads, parts.Notes, state,
                problem);
            writer = new JournalWriter(parts, opening.OpenBeside(), options, logger);
            var readers = new ReaderPool(options.ReaderConnections, () => opening.OpenReader(parts));
            if (identity.Continuity == Continuity.Clean)
                await file.WriteAsync(state = state! with { Stopped = false }, cancellationToken);
            Log.Opened(logger, identity.JournalId, SqliteLibrary.Version, identity.Continuity.ToString(),
                identity.Reason);
            var thread = new WriterThread(options.WriterQueueCommands);
            var rotation = new KeyRotation(new KeyTable(thread, parts), new KeyOpening(kek), parts.Keys, clock,
                options.DataKeyMaxAgeDays, logger);
            var guard = new GuardKeeper(file, identity.Continuity == Continuity.Broken ? null : state,
                async cancelled => await thread.RunAsync(() => writer.Lanes.Heads, cancelled), clock,
                options.GuardIntervalSeconds, logger);
            var ledger = new LedgerKeeper(
                (before, cancelled) => thread.RunAsync(
                    () => writer.RemoveConflicts(before, LedgerKeeper.Slice), cancelled),
                options.ConflictRetentionDays, clock, logger);
            return new SqliteJournal(fileLock, guard, writer, readers, options, identity, thread, rotation, ledger);
        }
        catch (Exception e)
        {
            writer?.Dispose();
            if (writer is null)
                parts?.Database.Dispose();
            await fileLock.DisposeAsync();
            var met = e is StoreException store ? Damage.Of(store) : (e as PelagoException)?.Failure;
            if (met?.Error == ErrorCodes.JournalDamaged)
                throw Damage.Unusable(options, met).ToException(e);
            if (e is StoreException)
                throw met!.ToException(e);
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask<LaneState> AcquireLaneAsync(int lane, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, EntityKey.Lanes);
        return await NeededAsync(() => writer.Acquire(lane), cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask OpenIncarnationAsync(Origin next, CancellationToken cancellationToken)
    {
        var heads = await NeededAsync(
            () =>
            {
                writer.OpenIncarnation(next);
                return writer.Lanes.Heads;
            },
            cancellationToken);
        // Database first: a crash in between leaves a guard that disagrees, and the next start begins another life.
        await guard.WriteAsync(new GuardState(Identity.JournalId, next.Incarnation, false, heads), cancellationToken);
        Volatile.Write(ref identity, new JournalIdentity(Identity.JournalId, next.Incarnation, Continuity.Clean, ""));
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<LaneCommit>> AppendAsync(
        IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken)
        => await thread.RunAsync(() => writer.Append(batches), cancellationToken);

    /// <inheritdoc />
    public ValueTask<EntityImage> LoadAsync(EntityKey entity, CancellationToken cancellationToken)
        => readers.ReadAsync(r => r.Load(entity, fromFirst: false), cancellationToken);

    /// <inheritdoc />
    public ValueTask<EntityImage> LoadHistoryAsync(EntityKey entity, CancellationToken cancellationToken)
        => readers.ReadLongAsync(r => r.Load(entity, fromFirst: true), cancellationToken);

    /// <inheritdoc />
    public ValueTask<EntityRows> ReadRowsAsync(
        EntityKey entity, ulong after, int maxRows, CancellationToken cancellationToken)
        => readers.ReadLongAsync(r => r.Rows(entity, after, Math.Clamp(maxRows, 1, MaxPageRows)), cancellationToken);

    /// <inheritdoc />
    public ValueTask<CheckpointPage> ReadCheckpointsAsync(
        int lane, long after, int maxCheckpoints, CancellationToken cancellationToken)
        => Guarded(r => r.Checkpoints(lane, after, Math.Clamp(maxCheckpoints, 1, MaxPageRows)), cancellationToken);

    /// <inheritdoc />
    public ValueTask<LanePage> ReadLaneAsync(
        int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, EntityKey.Lanes);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRows, 1);
        return Guarded(r => r.ReadLane(lane, after, filter, Math.Min(maxRows, MaxPageRows), maxBytes),
            cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<ConflictPage> ReadConflictsAsync(long after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return Guarded(r => r.ReadConflicts(after, Math.Min(limit, MaxPageRows)), cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<EntityPage> ReadEntitiesAsync(
        int lane, long after, int maxEntities, CancellationToken cancellationToken)
        => Guarded(r => r.ReadEntities(lane, after, maxEntities), cancellationToken);

    /// <inheritdoc />
    public ValueTask<JournalReport> CheckAsync(IProgress<long>? progress, CancellationToken cancellationToken)
        => readers.ReadLongAsync(r => r.Check(progress, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public ValueTask<JournalStats> CountAsync(IProgress<long>? progress, CancellationToken cancellationToken)
        => Guarded(r => r.Count(progress, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public ValueTask<KeyRenewal> RekeyAsync(RekeyScope scope, CancellationToken cancellationToken)
        => rotation.RekeyAsync(scope, cancellationToken);

    /// <summary>Stops cleanly: ends the writer after what is queued, waits for reads, notes the heads in the guard
    /// file.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref closed, true))
            return;
        await rotation.DisposeAsync();
        await ledger.DisposeAsync();
        await guard.StopAsync();
        await thread.DisposeAsync();
        await readers.DisposeAsync();
        var (heads, notes) = (writer.Lanes.Heads, writer.NewestNote);
        // What was not proven is not made proven by stopping: an unclean or broken life that nobody wrote to, or that
        // nobody closed by opening a new one, leaves the guard as it was found.
        var proven = Identity.Continuity == Continuity.Clean
            || (Identity.Continuity == Continuity.Unclean && writer.WroteOwn);
        writer.Dispose();
        if (proven)
        {
            var stopped = new GuardState(Identity.JournalId, Identity.Incarnation, true, heads) { Notes = notes };
            await guard.WriteAsync(stopped, CancellationToken.None);
        }
        await guard.DisposeAsync();
        await fileLock.DisposeAsync();
    }

    // Without these nothing is served: their damage is that of the whole journal.
    private async ValueTask<T> NeededAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await thread.RunAsync(work, cancellationToken);
        }
        catch (PelagoException e) when (e.Failure.Error == ErrorCodes.JournalDamaged)
        {
            throw Damage.Unusable(options, e.Failure).ToException(e);
        }
    }

    private async ValueTask<T> Guarded<T>(Func<JournalReader, T> read, CancellationToken cancellationToken)
    {
        try
        {
            return await readers.ReadLongAsync(read, cancellationToken);
        }
        catch (StoreException e)
        {
            var met = Damage.OfMany(e);
            if (e.IsDamage)
                Volatile.Write(ref damagedRead, met);
            throw met.ToException(e);
        }
    }
}
