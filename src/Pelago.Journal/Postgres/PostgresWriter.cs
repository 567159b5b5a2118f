using System.Buffers.Binary;
using System.Data;
using System.Security.Cryptography;
using Npgsql;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>The one session that writes, and everything it owns.</summary>
/// <remarks>One call at a time. What memory remembers of the store is touched after a commit only, or taken back. When
/// the session breaks while a group is being committed, nobody knows whether it was: <see cref="Doubt"/> finds out
/// before anything else is written or read.</remarks>
internal sealed class PostgresWriter : IAsyncDisposable
{
    private readonly PostgresParts parts;
    private readonly GroupEntities entities;
    private readonly GroupCommand command;
    private readonly LaneActs lanes;
    private readonly Doubt doubt;
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly LaneRecord[] reached = new LaneRecord[EntityKey.Lanes];
    private NpgsqlConnection? connection;
    private Failure? trouble;
    private long stamp =
        BinaryPrimitives.ReadInt64LittleEndian(RandomNumberGenerator.GetBytes(8)) & (long.MaxValue / 2);

    public PostgresWriter(PostgresParts parts, NpgsqlConnection connection)
    {
        (this.parts, this.connection) = (parts, connection);
        entities = new GroupEntities(parts);
        command = new GroupCommand(parts, entities);
        lanes = new LaneActs(parts, entities);
        doubt = new Doubt(parts);
    }

    /// <summary>Why the last append failed, or null.</summary>
    public Failure? Trouble => parts.Watch.Over ?? Volatile.Read(ref trouble);

    /// <summary>True once a row of the newest incarnation was committed by this process.</summary>
    public bool WroteOwn { get; private set; }

    /// <summary>Raises a lane's epoch and reads its state.</summary>
    public ValueTask<LaneState> AcquireAsync(int lane, CancellationToken cancellationToken)
        => AloneAsync(c => lanes.AcquireAsync(c, lane, cancellationToken), cancellationToken);

    /// <summary>Begins an incarnation.</summary>
    public async ValueTask OpenIncarnationAsync(Origin next, CancellationToken cancellationToken)
    {
        await AloneAsync(async c =>
        {
            await lanes.OpenIncarnationAsync(c, next, cancellationToken);
            return true;
        }, cancellationToken);
        WroteOwn = false;
    }

    /// <summary>Runs while nothing else is written: for what has to see the store as the writer left it.</summary>
    public async ValueTask<T> AloneAsync<T>(
        Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            return await work(await ReadyAsync(cancellationToken));
        }
        catch (Exception e) when (ServerTrouble.Is(e))
        {
            await BreakAsync(); // an open transaction ends with its session
            throw ServerTrouble.Of(e).ToException(e);
        }
        catch
        {
            await BreakAsync();
            throw;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Returns once it is known what became of every group.</summary>
    /// <exception cref="PelagoException">It is not known (PLG4020), or the journal is over (PLG4024).</exception>
    public async ValueTask CertainAsync(CancellationToken cancellationToken)
    {
        parts.Watch.ThrowIfOver();
        if (doubt.IsOpen)
            await AloneAsync(_ => Task.FromResult(true), cancellationToken);
    }

    /// <summary>All heads as the store has them, whichever process wrote; null when another process has begun a newer
    /// life.</summary>
    /// <exception cref="PelagoException">The server does not say (PLG4020), or the journal is over (PLG4024).
    /// </exception>
    public async Task<ulong[]?> HeadsOfThisLifeAsync(CancellationToken cancellationToken)
        => await AloneAsync(c => LaneActs.HeadsAsync(c, parts, cancellationToken), cancellationToken);

    /// <summary>Appends: 1 numbers and counts of entities, 2 fence and positions, 3 rows and what commits beside them,
    /// 4 one round trip, 5 what became of each lane.</summary>
    public async Task<IReadOnlyList<LaneCommit>> AppendAsync(
        IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            var results = await AttemptAsync(batches, cancellationToken);
            if (results is null)
            {
                // Another process has used a number that this one gave, and nothing was committed: look again, once.
                Clear();
                results = await AttemptAsync(batches, cancellationToken);
            }
            return results ?? Failed(batches, new Failure(ErrorCodes.JournalInUse,
                "Another process writes what this one writes.", "Stop one of them.").ToException());
        }
        catch (Exception e) when (ServerTrouble.Is(e) || e is PelagoException)
        {
            if (parts.Watch.Over is { } over)
                throw over.ToException(e);
            return Failed(batches, e);
        }
        finally
        {
            Clear();
            gate.Release();
        }
    }

    /// <summary>Stops. True when every lane is as this process left it, so that its heads are the journal's.</summary>
    public async ValueTask<(bool IsOwner, NoteMark? Notes)> StopAsync()
    {
        await gate.WaitAsync();
        try
        {
            if (doubt.IsOpen || parts.Watch.Over is not null)
                return (false, null);
            // A session that broke while nothing was written, because the server was restarted, is replaced once.
            return await LookAsync() ?? await LookAsync() ?? (false, null);
        }
        finally
        {
            await BreakAsync();
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await BreakAsync();
        gate.Dispose();
    }

    /// <summary>Whether the lanes are as this process left them, and the newest note; null when the server did not
    /// say.</summary>
    private async Task<(bool IsOwner, NoteMark? Notes)?> LookAsync()
    {
        try
        {
            var session = await ReadyAsync(CancellationToken.None);
            return (await LaneActs.AreUnchangedAsync(session, parts),
                await session.NewestNoteAsync(parts.Schema, CancellationToken.None));
        }
        catch (Exception e) when (ServerTrouble.Is(e) || e is PelagoException)
        {
            await BreakAsync();
            return null;
        }
    }

    /// <summary>A session that works, with nothing in doubt.</summary>
    private async Task<NpgsqlConnection> ReadyAsync(CancellationToken cancellationToken)
    {
        parts.Watch.ThrowIfOver();
        if (connection is { State: not ConnectionState.Open })
            await BreakAsync();
        if (connection is null)
        {
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
        if (doubt.IsOpen && await doubt.ResolveAsync(connection, ++stamp, cancellationToken) is not null)
            throw parts.Watch.CommittedLate();
        return connection;
    }

    /// <summary>Looks entities up. A session that broke while nothing was written is replaced once.</summary>
    private async Task ResolveAsync(IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken)
    {
        try
        {
            await entities.ResolveAsync(await ReadyAsync(cancellationToken), batches, cancellationToken);
        }
        catch (Exception e) when (ServerTrouble.Is(e) && !ServerTrouble.IsAnswer(e))
        {
            await BreakAsync();
            Clear();
            await entities.ResolveAsync(await ReadyAsync(cancellationToken), batches, cancellationToken);
        }
    }

    /// <summary>Positions of every batch whose epoch is the lane's; the others are fenced.</summary>
    /// <returns>Lanes that the group moves, one bit each.</returns>
    private uint Assign(IReadOnlyList<LaneBatch> batches, LaneCommit[] results)
    {
        parts.Lanes.All.CopyTo(reached, 0);
        var wanted = 0u;
        for (var i = 0; i < results.Length; i++)
        {
            var batch = batches[i];
            ArgumentOutOfRangeException.ThrowIfNegative(batch.Lane);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(batch.Lane, EntityKey.Lanes);
            ref var lane = ref reached[batch.Lane];
            if (!entities.Owns(batch.Lane) || batch.Epoch != lane.Epoch
                || parts.Origins.Newest.Life != parts.Watch.Life || !Follow(batch))
            {
                results[i] = new LaneCommit(CommitOutcome.Fenced, 0, lane.Head);
                continue;
            }
            var first = lane.Head + 1;
            var own = lane.OwnHead;
            for (var r = batch.Rows.Count - 1; r >= 0 && own < first; r--)
                own = batch.Rows[r].Event.OriginPosition == 0 ? first + (ulong)r : own;
            lane = lane with { Head = lane.Head + (ulong)batch.Rows.Count, OwnHead = own };
            results[i] = new LaneCommit(CommitOutcome.Committed, batch.Rows.Count == 0 ? 0 : first, lane.Head);
            wanted |= 1u << batch.Lane;
            command.Batch(batch, first);
        }
        return wanted;
    }

    /// <summary>The second fence: every row follows the last one of its entity.</summary>
    private bool Follow(LaneBatch batch)
    {
        for (var r = 0; r < batch.Rows.Count; r++)
        {
            if (entities.Follow(batch.Rows[r].Event.Entity, batch.Rows[r].LocalSequence, batch.Lane) is not null)
                continue;
            entities.Unfollow(r);
            return false;
        }
        return true;
    }

    /// <returns>Null when a number was taken: nothing was committed, and memory is brought up to date.</returns>
    private async Task<LaneCommit[]?> AttemptAsync(
        IReadOnlyList<LaneBatch> batches, CancellationToken cancellationToken)
    {
        var results = new LaneCommit[batches.Count];
        await ResolveAsync(batches, cancellationToken);
        var wanted = Assign(batches, results);
        if (wanted == 0)
            return results;
        command.Complete();
        uint moved;
        try
        {
            moved = await SendAsync(wanted);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            entities.Forget();
            await RefreshOriginsAsync();
            return null;
        }
        Publish(moved);
        Volatile.Write(ref trouble, moved == wanted ? null : await NameAsync(results, batches, wanted & ~moved));
        return results;
    }

    /// <summary>Says of the lanes that did not move why: held by somebody, or another owner's.</summary>
    private async Task<Failure?> NameAsync(LaneCommit[] results, IReadOnlyList<LaneBatch> batches, uint unmoved)
    {
        var held = await HeldAsync(unmoved);
        for (var i = 0; i < results.Length; i++)
        {
            var lane = batches[i].Lane;
            if (results[i].Outcome == CommitOutcome.Committed && (unmoved >> lane & 1) != 0)
                results[i] = new LaneCommit((held >> lane & 1) != 0 ? CommitOutcome.Failed : CommitOutcome.Fenced, 0,
                    parts.Lanes[lane].Head);
        }
        return held == 0 ? null : LaneActs.Held(System.Numerics.BitOperations.TrailingZeroCount(held));
    }

    // What moved is durable and is told, whatever becomes of the question about the rest.
    private async Task<uint> HeldAsync(uint unmoved)
    {
        try
        {
            return await lanes.HeldAsync(connection!, unmoved);
        }
        catch (Exception e) when (ServerTrouble.Is(e))
        {
            await BreakAsync();
            return unmoved;
        }
    }

    /// <summary>Sends the group, and once more when it is certain that the first time changed nothing. Nothing is
    /// cancelled here: what was sent is committed or not, whoever waits.</summary>
    private async Task<uint> SendAsync(uint wanted)
    {
        for (var attempt = 1; ; attempt++)
        {
            var group = Stamp(wanted);
            try
            {
                await using var batch = command.Build(connection!, group);
                return await GroupCommand.SendAsync(batch, CancellationToken.None);
            }
            catch (Exception e) when (!ServerTrouble.IsAnswer(e)) // whatever it is, the group may be on its way
            {
                Log.ServerLost(parts.Logger, ServerTrouble.Of(e).Message);
                doubt.Open(group, wanted);
                await BreakAsync();
                if (await ResolveDoubtAsync() is { } moved)
                    return moved;
                if (attempt > 1)
                    throw;
            }
        }
    }

    /// <summary>Gives the group a stamp, and the lanes that it moves from what they are known to be.</summary>
    private long Stamp(uint wanted)
    {
        stamp++;
        command.ForgetLanes();
        for (var lane = 0; lane < reached.Length; lane++)
        {
            if ((wanted >> lane & 1) == 0)
                continue;
            command.Lane(lane, parts.Lanes[lane], reached[lane]);
            reached[lane] = reached[lane] with { Stamp = stamp };
        }
        return stamp;
    }

    /// <summary>Asks until the server answers or patience ends.</summary>
    /// <returns>The lanes that moved, or null when nothing was committed.</returns>
    private async Task<uint?> ResolveDoubtAsync()
    {
        var began = parts.Clock.GetTimestamp();
        while (true)
        {
            try
            {
                if (connection is null)
                {
                    var (opened, server, _) = await parts.Sessions.OpenAsync(CancellationToken.None);
                    connection = opened;
                    await parts.Watch.CheckAsync(opened, server, CancellationToken.None);
                }
                return await doubt.ResolveAsync(connection, ++stamp, CancellationToken.None);
            }
            catch (Exception e) when (ServerTrouble.Is(e) || e is PelagoException)
            {
                await BreakAsync();
                var waited = parts.Clock.GetElapsedTime(began).TotalMilliseconds;
                if (parts.Watch.Over is not null || waited > parts.Options.DoubtMilliseconds)
                    throw;
                Volatile.Write(ref trouble, ServerTrouble.Of(e));
                await Task.Delay(TimeSpan.FromMilliseconds(100), parts.Clock, CancellationToken.None);
            }
        }
    }

    private void Publish(uint moved)
    {
        parts.Origins.Commit();
        entities.Settle(moved);
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
        {
            if ((moved >> lane & 1) == 0)
                continue;
            WroteOwn |= reached[lane].OwnHead != parts.Lanes[lane].OwnHead;
            parts.Lanes[lane] = reached[lane];
        }
    }

    private IReadOnlyList<LaneCommit> Failed(IReadOnlyList<LaneBatch> batches, Exception e)
    {
        var failure = ServerTrouble.Of(e);
        if (Volatile.Read(ref trouble)?.Message != failure.Message)
            Log.AppendRefused(parts.Logger, failure.Error.Code, failure.Message);
        Volatile.Write(ref trouble, failure);
        return [.. batches.Select(b => new LaneCommit(CommitOutcome.Failed, 0, parts.Lanes[b.Lane].Head))];
    }

    private async Task RefreshOriginsAsync()
    {
        parts.Origins.Rollback();
        using var opener = new Opener(parts.Keys);
        await StoreRefresh.RunAsync(connection!, parts, opener, CancellationToken.None);
    }

    private void Clear()
    {
        parts.Origins.Rollback();
        entities.Settle(0);
        command.Clear();
    }

    private async Task BreakAsync()
    {
        if (Interlocked.Exchange(ref connection, null) is { } broken)
            await broken.DisposeAsync();
    }
}
