using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Runs the entities of one service in one region: the shell around <see cref="InstanceKernel"/> that does
/// its I/O.</summary>
/// <remarks>
/// A write passes four of its parts: 1. <see cref="SendAsync"/> bounds and queues it; 2. the loop hands it to the
/// kernel, which runs the handler and puts its events into the next group; 3. the journal worker commits the group;
/// 4. the kernel completes the request, and what it emitted for peers leaves on their links. Thread-safe.
/// </remarks>
public sealed partial class EntityRuntime : IAsyncDisposable
{
    private readonly RuntimeOptions options;
    private readonly IJournal journal;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly EntityOwners owners;
    private readonly InstanceKernel kernel;
    private readonly KernelLoop loop;
    private readonly JournalWorker worker;
    private readonly LinkTable links;
    private readonly AlarmMemory alarms;
    private readonly EffectRunner effects;
    private readonly ITimer ticker;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task looping = Task.CompletedTask;
    private int pending;
    private int tickQueued;
    private int stopping;

    private EntityRuntime(
        RuntimeOptions options, EntityTypes types, IJournal journal, IReadOnlyList<LaneState> lanes,
            IPeerDialler dialler,
        EntityOwners owners, TimeProvider clock, ILogger logger)
    {
        (this.options, Types, this.journal, this.owners) = (options, types, journal, owners);
        (this.clock, this.logger, alarms) = (clock, logger, new AlarmMemory(clock));
        JournalRuns = new JournalRuns(journal, clock, logger) { Compact = new CompactionRun(this).RunAsync };
        kernel = new InstanceKernel(options.Kernel, types.ForKernel, journal.Identity, lanes);
        loop = new KernelLoop(kernel, clock, options.MaxInputsPerTurn, logger) { Perform = Perform, Failed = OnFailed };
        worker = new JournalWorker(journal, options.ConcurrentReads, logger)
        {
            Answer = i => loop.Post(i), TypeOf = types.Find, Rules = kernel.PrimaryRules,
        };
        effects = new EffectRunner(options, types, this, clock, logger)
        {
            Answer = i => loop.Post(i), Alarm = (kind, text) => loop.Post(new InspectInput((_, _) => Tell(kind, text))),
        };
        links = new LinkTable(options, dialler, clock, logger) { Post = i => loop.Post(i) };
        var interval = TimeSpan.FromMilliseconds(options.TickMilliseconds);
        ticker = clock.CreateTimer(_ => PostTick(), null, interval, interval);
    }

    /// <summary>The registered entity types.</summary>
    public EntityTypes Types { get; }

    /// <summary>The region in which this runtime serves.</summary>
    public string Region => options.Kernel.Region;

    /// <summary>Number of regions in the group that levels of acknowledgement count: those that have joined.</summary>
    public int Members => Configuration.Settled.Count;

    /// <summary>The journal: for inspection; only the runtime writes.</summary>
    public IJournal Journal => journal;

    /// <summary>Checks and counts of the journal.</summary>
    public JournalRuns JournalRuns { get; }

    /// <summary>The room's log.</summary>
    internal ILogger Logger => logger;

    /// <summary>Completes when the runtime has stopped; fails when it could not go on, and then the process should
    /// end.</summary>
    public Task Ended => ended.Task;

    /// <summary>True from the start until the runtime stops or fails.</summary>
    public bool IsServing => Volatile.Read(ref stopping) == 0 && !ended.Task.IsCompleted;

    /// <summary>Takes every lane of the journal over and starts. The runtime owns the journal from then on.</summary>
    /// <param name="dialler">The way to the peers.</param>
    public static async ValueTask<EntityRuntime> StartAsync(
        RuntimeOptions options, EntityTypes types, IJournal journal, IPeerDialler dialler, EntityOwners owners,
        TimeProvider clock, ILogger logger, CancellationToken cancellationToken)
    {
        var lanes = new List<LaneState>(EntityKey.Lanes);
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
            lanes.Add(await journal.AcquireLaneAsync(lane, cancellationToken));
        var runtime = new EntityRuntime(options, types, journal, lanes, dialler, owners, clock, logger);
        runtime.worker.Start();
        runtime.looping = Task.Run(runtime.loop.RunAsync, CancellationToken.None);
        runtime.PostTick();
        var identity = journal.Identity;
        Log.Started(logger, runtime.Region, identity.JournalId, identity.Incarnation?.ToString()
            ?? "none", identity.Continuity);
        return runtime;
    }

    /// <summary>Sends a command; the answer comes once its events are durable here, and in as many other regions as its
    /// level of acknowledgement asks for.</summary>
    /// <param name="type">A registered type.</param>
    /// <param name="id">The entity's id; checked here.</param>
    public ValueTask<EntityReply<TReply>> SendAsync<TReply>(
        EntityType type, string id, ICommand<TReply> command, RequestOptions request,
            CancellationToken cancellationToken)
    {
        if (EntityRequests.Check(id, request) is { } failure)
            return PendingRequest<TReply>.Refused(failure, request.Token);
        var waiter = new PendingRequest<TReply>(request.Token);
        return EntityRequests.Command(type, id, command, request, DeadlineOf(request), waiter) is { } asked
            ? AskAsync(asked, waiter, cancellationToken)
            : PendingRequest<TReply>.Refused(RequestChecks.NoHandler(type, command.GetType()), request.Token);
    }

    /// <summary>Reads an entity's state; waits for the token first.</summary>
    /// <param name="project">Makes the answer; pure, runs on the loop, so it must be short.</param>
    public ValueTask<EntityReply<T>> ReadAsync<T>(
        EntityType type, string id, Func<EntityView, T> project, RequestOptions request,
            CancellationToken cancellationToken)
    {
        if (EntityRequests.Check(id, request) is { } failure)
            return PendingRequest<T>.Refused(failure, request.Token);
        var waiter = new PendingRequest<T>(request.Token);
        return AskAsync(
            EntityRequests.Read(type, id, project, request, DeadlineOf(request), waiter), waiter, cancellationToken);
    }

    /// <summary>Looks into the kernel, on the loop. The function must be short and must not keep what it
    /// sees.</summary>
    public async ValueTask<T> InspectAsync<T>(Func<InstanceKernel, Moment, T> look, CancellationToken cancellationToken)
    {
        var seen = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!loop.Post(new InspectInput(Look, lost => seen.TrySetException(lost.ToException()))))
            throw RequestChecks.Stopping.ToException();
        return await seen.Task.WaitAsync(Timeout.InfiniteTimeSpan, clock, cancellationToken);

        void Look(InstanceKernel kernel, Moment now)
        {
            try
            {
                seen.TrySetResult(look(kernel, now));
            }
            catch (Exception error) // whoever looks must not end the loop
            {
                seen.TrySetException(error);
            }
        }
    }

    /// <summary>How far this replica and its peers are.</summary>
    public ValueTask<ReplicationStatus> DescribeAsync(CancellationToken cancellationToken)
        => InspectAsync(
            (kernel, now) => ReplicationView.Of(
                kernel.Describe(now), kernel.Probes, journal.Trouble, alarms.Known),
            cancellationToken);

    /// <summary>Serves a replication stream of a verified peer, until it ends.</summary>
    public Task AcceptAsync(string peer, IDuplexPipe pipe, CancellationToken cancellationToken)
        => IsServing ? links.AcceptAsync(peer, pipe, cancellationToken) : Task.CompletedTask;

    /// <summary>Stops: 1. takes no more requests, and ends effects; 2. lets requests under way end; 3. says goodbye to
    /// the peers; 4. ends loop and worker; 5. closes the journal, which notes a clean stop. Does not throw; a second
    /// call waits for the first.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref stopping, 1) != 0)
        {
            await ended.Task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None,
                TaskScheduler.Default);
            return;
        }
        await effects.StopAsync();
        if (Volatile.Read(ref pending) == 0)
            drained.TrySetResult();
        await drained.Task.WaitAsync(TimeSpan.FromMilliseconds(options.StopMilliseconds), clock)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        loop.Post(new InspectInput((kernel, now) => kernel.Stop(now)));
        await links.StopAsync();
        await ticker.DisposeAsync();
        loop.Complete();
        await looping;
        await worker.StopAsync();
        await JournalRuns.DisposeAsync();
        await journal.DisposeAsync();
        Log.Stopped(logger, Volatile.Read(ref pending));
        ended.TrySetResult();
    }

    private ValueTask<EntityReply<T>> AskAsync<T>(
        EntityRequest request, PendingRequest<T> waiter, CancellationToken cancellationToken)
    {
        if (Queue(request) is { } refused)
            waiter.Complete(RequestChecks.Failed(refused));
        return new ValueTask<EntityReply<T>>(cancellationToken.CanBeCanceled
            ? waiter.Task.WaitAsync(cancellationToken)
            : waiter.Task);
    }

    private Failure? Queue(EntityRequest request)
    {
        if (!owners.IsHere(request.Entity))
            return RequestChecks.Elsewhere(owners.OwnerOf(request.Entity));
        if (!IsServing)
            return RequestChecks.Stopping;
        if (Interlocked.Increment(ref pending) > options.MaxPendingRequests)
        {
            Leave();
            return RequestChecks.Overloaded(options.MaxPendingRequests);
        }
        if (loop.Post(request))
            return null;
        Leave();
        return RequestChecks.Stopping;
    }

    private void Perform(KernelEffect effect)
    {
        switch (effect)
        {
            case CommandDone done:
                Finish(done.Request.Waiter, done.Result);
                break;
            case ReadDone done:
                Finish(done.Request.Waiter, done.Result);
                break;
            case RegisterDone done:
                Finish(done.Request.Waiter, done.Result);
                break;
            case CompactDone done:
                ((TaskCompletionSource<CompactResult>)done.Request.Waiter!).TrySetResult(done.Result);
                break;
            case MembershipDone done:
                Finish(done.Request.Waiter, done.Result);
                break;
            case PrimaryDone done:
                Finish(done.Request.Waiter, done.Result);
                break;
            case SendFrame send:
                links.Send(send.Link, send.Frame, send.Order);
                break;
            case AppendGroup or OpenIncarnation:
                worker.Write(effect);
                break;
            case LoadEntity or ReadPage or ReadHistory or AuditEntities or ReadRows or ReadCheckpoints:
                worker.Read(effect);
                break;
            case Dial dial:
                links.Dial(dial.Peer);
                break;
            case CloseLink close:
                links.Close(close.Link, close.Reason);
                break;
            case AskReceived asked:
                Serve(asked);
                break;
            case RunEffects run:
                effects.Run(run);
                break;
            case ServiceCodeFailed failed:
                Tell(failed);
                break;
            case Alarm alarm:
                Tell(alarm.Kind, alarm.Text);
                break;
        }
    }

    private void Tell(ServiceCodeFailed failed)
    {
        if (failed.IsPersonal)
            Log.PersonalCodeFailed(logger, failed.Type, ExceptionOutline.Of(failed.Error));
        else
            Log.ServiceCodeFailed(logger, failed.Type, failed.Error);
    }

    private void Tell(AlarmKind kind, string text)
    {
        Log.Alarm(logger, kind, text);
        alarms.Keep(kind, text);
    }

    private void Finish(object? waiter, in RequestResult result)
    {
        Leave();
        ((IPendingRequest)waiter!).Complete(result);
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref pending) == 0 && Volatile.Read(ref stopping) != 0)
            drained.TrySetResult();
    }

    private void PostTick()
    {
        // One tick in the queue is enough: a loop that is behind need not hear of each.
        if (Interlocked.Exchange(ref tickQueued, 1) == 0)
            loop.Post(new InspectInput(Tick));
    }

    private void Tick(InstanceKernel kernel, Moment now)
    {
        Volatile.Write(ref tickQueued, 0);
        kernel.Tick(now);
    }

    // Not serving any more first, then the answers: who tries again at once is refused.
    private void OnFailed(Exception error, IReadOnlyCollection<object> waiting)
    {
        ended.TrySetException(error);
        foreach (var input in waiting)
        {
            if (input is EntityRequest request)
                Finish(request.Waiter, RequestChecks.Failed(RequestChecks.InstanceFailed));
            else if (input is RegisterRequest register)
                Finish(register.Waiter, RegisterChecks.Lost(register));
            else if (input is MembershipRequest members)
                Finish(members.Waiter, new MembershipResult(Configuration, RequestChecks.InstanceFailed));
            else if (input is PrimaryRequest primary)
                Finish(primary.Waiter, new PrimaryResult(0, RequestChecks.InstanceFailed));
            else if (input is InspectInput { Lost: { } lost })
                lost(RequestChecks.InstanceFailed);
        }
    }

    private long DeadlineOf(RequestOptions request) => KernelLoop.MonotonicMilliseconds(clock)
        + (long)(request.Deadline?.TotalMilliseconds ?? options.RequestDeadlineMilliseconds);
}
