using System.Globalization;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>The inside of a <see cref="PelagoWorld"/>: its regions, their entity types, who waits for which answer, and
/// what has happened.</summary>
internal sealed class WorldGroup : ISurroundings
{
    /// <summary>Lines of the log that are kept; the oldest go first.</summary>
    public const int MaxLogLines = 10_000;

    /// <summary>How much longer than its deadline a request may take before the kernel counts as broken.</summary>
    private const long GraceMilliseconds = 10_000;

    private readonly Dictionary<string, IEntityType> types = new(StringComparer.Ordinal)
    {
        [SubjectType.Name] = new RoundTrip(SubjectType.Type),
    };
    private readonly Dictionary<Type, EntityType> declared = [];
    private readonly Dictionary<object, (SimulatedRegion At, Action<RequestResult> Answer)> waiting = [];
    private readonly Dictionary<string, long> downSince = new(StringComparer.Ordinal);
    private readonly Queue<string> log = [];

    public WorldGroup(ulong seed, IReadOnlyList<string> members)
    {
        (Seed, Members, Dice) = (seed, members, new Dice(seed));
        Network = new SimulatedNetwork(Time, Dice.Fork(), members);
        foreach (var name in members)
        {
            var region = new SimulatedRegion(this, name, new SimulatedDisk(new Guid(Dice.Bytes(16))), () => types,
                Dice.Fork());
            Regions.Add(region);
            Network.Listen(name, () => region);
        }
        foreach (var region in Regions)
            region.Start();
    }

    public ulong Seed { get; }

    /// <summary>Regions that may have keys of subjects; null for all.</summary>
    public IReadOnlyList<string>? SubjectKeyRegions { get; set; }

    public IReadOnlyList<string> Members { get; }

    public Dice Dice { get; }

    public VirtualTime Time { get; } = new();

    public SimulatedNetwork Network { get; }

    public List<SimulatedRegion> Regions { get; } = [];

    /// <summary>Inputs given to kernels: when it stands still, nothing has happened.</summary>
    public long Inputs { get; private set; }

    /// <summary>What happened outside the ordinary course, oldest first.</summary>
    public IEnumerable<string> Log => log;

    /// <summary>What the code of the tested service threw last.</summary>
    public Exception? Thrown { get; private set; }

    public IReadOnlyDictionary<string, IEntityType> Types => types;

    /// <summary>Some type's events stay in their region.</summary>
    public bool HasLocalTypes => types.Values.Any(t => t.Mode.IsLocal);

    /// <summary>An entity of such a type.</summary>
    public bool StaysLocal(EntityKey entity) => types.TryGetValue(entity.Type, out var type) && type.Mode.IsLocal;

    /// <summary>Some type's events are not for every region.</summary>
    public bool HasFilters => types.Values.Any(t => t.Filter.IsSelective);

    /// <summary>The entity's type is for the region.</summary>
    public bool IsFor(string region, EntityKey entity)
        => !types.TryGetValue(entity.Type, out var type) || type.Filter.Admits(region) || Members.Count == 1;

    /// <summary>Every region holds the entity's events once all have converged.</summary>
    public bool IsForAll(EntityKey entity) => !StaysLocal(entity) && Members.All(m => IsFor(m, entity));

    /// <summary>Requests that have no answer yet.</summary>
    public int Waiting => waiting.Count;

    /// <summary>The type that a state record defines: the first use of it registers it in every region.</summary>
    public EntityType TypeOf<TState>() where TState : class, IEntity<TState>
    {
        if (declared.TryGetValue(typeof(TState), out var known))
            return known;
        var type = EntityType.Of<TState>();
        if (!types.TryAdd(type.Name, new RoundTrip(type)))
        {
            throw new TestKitException($"Two state records of this test define an entity type '{type.Name}': "
                + $"{typeof(TState).Name} is the second.");
        }
        declared.Add(typeof(TState), type);
        return type;
    }

    /// <summary>Time that a request may take unless it says otherwise: as in production.</summary>
    public static TimeSpan Deadline(RequestOptions options, KernelOptions kernel) => options.Deadline
        ?? TimeSpan.FromMilliseconds(new RuntimeOptions { Kernel = kernel }.RequestDeadlineMilliseconds);

    public PendingReply<TReply> Send<TReply>(
        SimulatedRegion at, EntityType type, string id, ICommand<TReply> command, RequestOptions options)
    {
        var pending = new PendingReply<TReply>(this, type.Name, options);
        if (Refuse(at, id, options) is { } refusal)
            return pending.Fail(refusal);
        if (EntityRequests.Command(type, id, command, options, DeadlineAt(at, options), null) is not { } asked)
            return pending.Fail(EntityRequests.NoHandler(type, command.GetType()));
        Enter(at, asked, pending.Answered, (kernel, now) => kernel.Submit(asked, now));
        return pending;
    }

    public PendingReply<T> Read<T>(
        SimulatedRegion at, EntityType type, string id, Func<EntityView, T> project, RequestOptions options)
    {
        var pending = new PendingReply<T>(this, type.Name, options);
        if (Refuse(at, id, options) is { } refusal)
            return pending.Fail(refusal);
        Ask(at, EntityRequests.Read(type, id, project, options, DeadlineAt(at, options), null),
            pending.Answered);
        return pending;
    }

    /// <summary>Asks the kernel itself.</summary>
    public void Ask(SimulatedRegion at, ReadRequest read, Action<RequestResult> answered)
        => Enter(at, read, answered, (kernel, now) => kernel.Read(read, now));

    /// <summary>Makes a region the primary of a type, and waits for that.</summary>
    public void RequestPrimary(SimulatedRegion at, string type)
    {
        PrimaryResult? result = null;
        var request = new PrimaryRequest
        {
            Type = type, DeadlineMilliseconds = at.MonotonicMilliseconds + 20_000,
            Waiter = (Action<PrimaryResult>)(answer => result = answer),
        };
        at.Enter(at.Life, (kernel, now) => kernel.Submit(request, now));
        if (!RunUntil(() => result is not null, 20_000 + GraceMilliseconds))
            throw WorldException.Of(this, $"Region '{at.Name}' did not answer whether it is the primary.");
        if (result!.Failure is { } failure)
            throw failure.ToException();
    }

    /// <summary>Lets time pass until a condition holds; false when it does not within so long.</summary>
    public bool RunUntil(Func<bool> condition, long milliseconds)
    {
        var end = Time.Now + milliseconds;
        while (!condition())
        {
            if (!Time.Next(end))
                return condition();
        }
        return true;
    }

    /// <summary>Longest wait for an answer that has to come.</summary>
    public long PatienceMilliseconds(RequestOptions options)
        => (long)Deadline(options, Regions[0].Options).TotalMilliseconds + GraceMilliseconds;

    /// <summary>Why a region that is down is down.</summary>
    public string Down(SimulatedRegion region)
        => $"Region '{region.Name}' is down since {Clock(downSince.GetValueOrDefault(region.Name))}.";

    public KernelOptions Options(string region, Incarnation session, ulong seed)
        => new()
        {
            Region = region, Members = Members, Session = session, Seed = seed, Secrets = new Dice(seed).Fill,
            SubjectKeyRegions = SubjectKeyRegions,
        };

    public void Entered(SimulatedRegion region) => Inputs++;

    public void Answered(SimulatedRegion region, object request, RequestResult result)
    {
        if (waiting.Remove(request, out var asked))
            asked.Answer(result);
    }

    public void Started(SimulatedRegion region, JournalIdentity identity)
        => Say(region, identity.Reason.Length == 0 ? "starts" : $"starts: {identity.Reason}");

    public void Ended(SimulatedRegion region, ProbeCounts counts, bool clean)
    {
        downSince[region.Name] = Time.Now;
        Say(region, clean ? "stops" : "crashes");
        foreach (var (request, asked) in waiting.Where(w => w.Value.At == region).ToArray())
        {
            waiting.Remove(request);
            asked.Answer(new RequestResult(null, new Failure(ErrorCodes.InstanceFailed,
                $"Region '{region.Name}' went down before it answered; the request may have been carried out.",
                "Try again, with the same idempotency key."), []));
        }
    }

    public void Run(SimulatedRegion region, int life, RunEffects run)
        => throw new InvalidOperationException("Entity types of a world have no effects: RoundTrip leaves them out.");

    // Each step is an input of its own: what the kernel asked for in the same turn is done before.
    public void Asked(SimulatedRegion region, int life, AskReceived asked) => Time.After(0, () =>
    {
        if (region.Up && region.Life == life)
            Serve(region, life, asked);
    });

    private void Serve(SimulatedRegion region, int life, AskReceived asked)
    {
        var type = declared.Values.FirstOrDefault(t => t.Name == asked.Ask.Entity.Type);
        var (request, refused) = PeerAsks.Open(type, asked.Ask, region.MonotonicMilliseconds, null);
        if (refused is not null)
            Answer(refused);
        else if (request is CommandRequest command)
            Enter(region, command, Done, (kernel, now) => kernel.Submit(command, now));
        else
            Ask(region, (ReadRequest)request!, Done);

        void Done(RequestResult result) => Answer(PeerAsks.Answer(type!, asked.Ask, result));

        void Answer(AnswerFrame frame) => Time.After(0, () => region.Enter(
            life, (kernel, now) => kernel.Answer(asked.Link, frame, now)));
    }

    public void Failed(SimulatedRegion region, ServiceCodeFailed failed)
    {
        Thrown = failed.Error;
        Say(region, $"{failed.Type}: {failed.Error.GetType().Name} {failed.Error.Message}");
    }

    public void Alarmed(SimulatedRegion region, Alarm alarm) => Say(region, $"{alarm.Kind}: {alarm.Text}");

    public void Inspect(SimulatedRegion region)
    {
    }

    public void Say(SimulatedRegion region, string what) => Say($"{region.Name} {what}");

    public void Say(string what)
    {
        if (log.Count == MaxLogLines)
            log.Dequeue();
        log.Enqueue($"{Clock(Time.Now),10} {what}");
    }

    public static string Clock(long milliseconds)
        => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1000.0:0.000} s");

    private void Enter(
        SimulatedRegion at, object request, Action<RequestResult> answered, Action<InstanceKernel, Moment> input)
    {
        waiting.Add(request, (at, answered));
        at.Enter(at.Life, input);
    }

    private Failure? Refuse(SimulatedRegion at, string id, RequestOptions options)
    {
        Thrown = null;
        return at.Up ? EntityRequests.Check(id, options)
            : new Failure(ErrorCodes.NoReadyInstance, Down(at), $"world.Restart(\"{at.Name}\") starts it.");
    }

    private static long DeadlineAt(SimulatedRegion at, RequestOptions options)
        => at.MonotonicMilliseconds + (long)Deadline(options, at.Options).TotalMilliseconds;
}
