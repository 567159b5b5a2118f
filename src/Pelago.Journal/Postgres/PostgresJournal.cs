using Microsoft.Extensions.Logging;
using Npgsql;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>The journal in PostgreSQL: a schema of its own, sealed rows, and a guard file outside the server.</summary>
/// <remarks>One session writes, a few read. Several processes may have it open: a lane belongs to whoever acquired it
/// last, and the lane's row fences the others. When the server goes away appends and reads fail, and go on by
/// themselves once it is back; when it comes back as another one, or in an older state, the journal is over
/// (<see cref="ErrorCodes.JournalReplaced"/>) and the next opening finds its life broken.</remarks>
public sealed class PostgresJournal : IJournal
{
    private const int MaxPageRows = 16_384;

    private readonly PostgresParts parts;
    private readonly GuardKeeper guard;
    private readonly PostgresWriter writer;
    private readonly ServerReaders readers;
    private readonly EntityReads entities;
    private readonly LaneReads lanes;
    private readonly KeyRotation rotation;
    private readonly LedgerKeeper ledger;
    private JournalIdentity identity;
    private bool closed;

    private PostgresJournal(PostgresParts parts, PostgresWriter writer, GuardKeeper guard, JournalIdentity identity)
    {
        (this.parts, this.writer, this.guard, this.identity) = (parts, writer, guard, identity);
        readers = new ServerReaders(parts, writer.CertainAsync, RefreshAsync);
        entities = new EntityReads(parts);
        lanes = new LaneReads(parts);
        rotation = new KeyRotation(new PostgresKeys(parts, writer), parts.KeyOpening, parts.Keys, parts.Clock,
            parts.Options.DataKeyMaxAgeDays, parts.Logger);
        ledger = new LedgerKeeper(
            RemoveConflictsAsync, parts.Options.ConflictRetentionDays, parts.Clock, parts.Logger);
    }

    /// <inheritdoc />
    public JournalIdentity Identity => Volatile.Read(ref identity);

    /// <inheritdoc />
    public Failure? Trouble => writer.Trouble;

    /// <summary>Opens the journal in a schema, or creates it.</summary>
    /// <exception cref="PelagoException">Settings wrong (PLG4026); server away, read-only, unsafe or too old (PLG4020
    /// to PLG4023); not let in (PLG4003); another format (PLG4002); key lost, wrong or refused (PLG4004, PLG4005,
    /// PLG4008); damaged (PLG4006).</exception>
    public static async ValueTask<PostgresJournal> OpenAsync(PostgresJournalOptions options, IKeyEncryption kek,
        TimeProvider clock, ILogger logger, CancellationToken cancellationToken)
    {
        PostgresWriter? writer = null;
        try
        {
            var file = new GuardFile(options.GuardFile);
            var (state, problem) = await file.ReadAsync(cancellationToken);
            var (parts, connection, version) =
                await new PostgresOpening(options, kek, clock, logger).OpenAsync(cancellationToken);
            writer = new PostgresWriter(parts, connection);
            var identity = ContinuityCheck.Judge(parts.Keys.JournalId, parts.Origins.Newest.Origin?.Incarnation,
                parts.Lanes.Heads, await connection.NewestNoteAsync(parts.Schema, cancellationToken), state, problem,
                parts.Watch.Server);
            if (identity.Continuity == Continuity.Clean)
                await file.WriteAsync(state = state! with { Stopped = false }, cancellationToken);
            Log.OpenedOnServer(logger, identity.JournalId, options.Schema, version, identity.Continuity.ToString(),
                identity.Reason);
            var guard = new GuardKeeper(file, identity.Continuity == Continuity.Broken ? null : state,
                writer.HeadsOfThisLifeAsync, clock, options.GuardIntervalSeconds, logger);
            return new PostgresJournal(parts, writer, guard, identity);
        }
        catch (Exception e)
        {
            if (writer is not null)
                await writer.DisposeAsync();
            if (e is PelagoException { Failure.Error: var error } known && error == ErrorCodes.JournalDamaged)
                throw Damage.Unusable(options, known.Failure).ToException(e);
            throw;
        }
    }

    /// <inheritdoc />
    public ValueTask<LaneState> AcquireLaneAsync(int lane, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, EntityKey.Lanes);
        return writer.AcquireAsync(lane, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask OpenIncarnationAsync(Origin next, CancellationToken cancellationToken)
    {
        await writer.OpenIncarnationAsync(next, cancellationToken);
        // Database first: a crash in between leaves a guard that disagrees, and the next start begins another life.
        await guard.WriteAsync(State(next.Incarnation, stopped: false), cancellationToken);
        Volatile.Write(ref identity, new JournalIdentity(Identity.JournalId, next.Incarnation, Continuity.Clean, ""));
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<LaneCommit>> AppendAsync(
        IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken)
        => await writer.AppendAsync(batches, cancellationToken);

    /// <inheritdoc />
    public ValueTask<EntityImage> LoadAsync(EntityKey entity, CancellationToken cancellationToken)
        => ReadAsync((r, c) => entities.LoadAsync(r, entity, fromFirst: false, c), cancellationToken);

    /// <inheritdoc />
    public ValueTask<EntityImage> LoadHistoryAsync(EntityKey entity, CancellationToken cancellationToken)
        => ReadAsync((r, c) => entities.LoadAsync(r, entity, fromFirst: true, c), cancellationToken);

    /// <inheritdoc />
    public ValueTask<EntityRows> ReadRowsAsync(
        EntityKey entity, ulong after, int maxRows, CancellationToken cancellationToken)
        => ReadAsync((r, c) => entities.RowsAsync(r, entity, after, Math.Clamp(maxRows, 1, MaxPageRows), c),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<CheckpointPage> ReadCheckpointsAsync(
        int lane, long after, int maxCheckpoints, CancellationToken cancellationToken)
        => ReadAsync((r, c) => entities.CheckpointsAsync(
            r, lane, after, Math.Clamp(maxCheckpoints, 1, MaxPageRows), c), cancellationToken);

    /// <inheritdoc />
    public ValueTask<LanePage> ReadLaneAsync(
        int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lane);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(lane, EntityKey.Lanes);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRows, 1);
        return ReadAsync((r, c) => lanes.ReadAsync(
            r, lane, after, filter, Math.Min(maxRows, MaxPageRows), Math.Max(1, maxBytes), c), cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<ConflictPage> ReadConflictsAsync(long after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return ReadAsync(
            (r, c) => lanes.ConflictsAsync(r, after, Math.Min(limit, MaxPageRows), c), cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask<EntityPage> ReadEntitiesAsync(
        int lane, long after, int maxEntities, CancellationToken cancellationToken)
        => ReadAsync((r, c) => lanes.EntitiesAsync(r, lane, after, Math.Clamp(maxEntities, 1, MaxPageRows), c),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<JournalReport> CheckAsync(IProgress<long>? progress, CancellationToken cancellationToken)
        => ReadAsync((r, c) => new PostgresCheck(parts, r).RunAsync(progress, c), cancellationToken);

    /// <inheritdoc />
    public ValueTask<JournalStats> CountAsync(IProgress<long>? progress, CancellationToken cancellationToken)
        => ReadAsync((r, c) => new PostgresCounting(parts, r).RunAsync(progress, c), cancellationToken);

    /// <inheritdoc />
    public ValueTask<KeyRenewal> RekeyAsync(RekeyScope scope, CancellationToken cancellationToken)
        => rotation.RekeyAsync(scope, cancellationToken);

    /// <summary>Stops cleanly: ends the writer, waits for reads, notes the heads in the guard file when nobody else has
    /// moved a lane meanwhile.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref closed, true))
            return;
        await rotation.DisposeAsync();
        await ledger.DisposeAsync();
        await guard.StopAsync();
        var (isOwner, notes) = await writer.StopAsync();
        await readers.DisposeAsync();
        // What was not proven is not made proven by stopping: an unclean or broken life that nobody wrote to, or that
        // nobody closed by opening a new one, leaves the guard as it was found.
        var proven = Identity.Continuity == Continuity.Clean
            || (Identity.Continuity == Continuity.Unclean && writer.WroteOwn);
        // Of a store that was replaced the guard keeps what this process knew, and the next opening disagrees.
        if (proven && (isOwner || parts.Watch.WasReplaced))
            await guard.WriteAsync(State(Identity.Incarnation, stopped: true) with { Notes = notes },
                CancellationToken.None);
        await guard.DisposeAsync();
        await writer.DisposeAsync();
    }

    private GuardState State(Incarnation? incarnation, bool stopped)
        => new(Identity.JournalId, incarnation, stopped, parts.Lanes.Heads, parts.Watch.Server);

    private async ValueTask RefreshAsync(CancellationToken cancellationToken)
        => await writer.AloneAsync(async connection =>
        {
            using var opener = new Opener(parts.Keys);
            await StoreRefresh.RunAsync(connection, parts, opener, cancellationToken);
            return true;
        }, cancellationToken);

    private async Task<int> RemoveConflictsAsync(long before, CancellationToken cancellationToken)
        => await writer.AloneAsync(async connection =>
        {
            await using var remove = new NpgsqlCommand(
                $"DELETE FROM {parts.Schema["conflict"]} WHERE number IN (SELECT number FROM "
                + $"{parts.Schema["conflict"]} WHERE kind <> 3 AND recorded_at < $1 ORDER BY recorded_at LIMIT $2)",
                connection)
            {
                Parameters = { new() { Value = before }, new() { Value = LedgerKeeper.Slice } },
            };
            return await remove.ExecuteNonQueryAsync(cancellationToken);
        }, cancellationToken);

    private async ValueTask<T> ReadAsync<T>(
        Func<ServerReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            return await readers.ReadAsync(read, cancellationToken);
        }
        catch (Exception e) when (ServerTrouble.Is(e))
        {
            throw ServerTrouble.Of(e).ToException(e);
        }
    }
}
