using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>A group of regions in one process and one thread: time, network, regions, and the oracles that watch them.
/// </summary>
internal sealed class SimulatedGroup : ISurroundings
{
    private static readonly string[] Names = ["us-east-1", "eu-west-1", "ap-southeast-1", "sa-east-1", "af-south-1"];
    private readonly Func<KernelOptions, KernelOptions> adjust;
    private IReadOnlyDictionary<string, IEntityType> types;
    private readonly Func<string, IReadOnlyDictionary<string, IEntityType>>? typesOf;
    private readonly Dictionary<object, Action<SimulatedRegion, RequestResult>> waiting = [];
    private readonly Dictionary<string, string[]> joiners = [];
    private readonly long[] probed = new long[Enum.GetValues<Probe>().Length];

    /// <summary>A group whose regions are not started yet.</summary>
    /// <param name="seed">Decides everything that chance decides.</param>
    /// <param name="regions">1 to 5.</param>
    /// <param name="adjust">Changes the kernels' options.</param>
    /// <param name="effects">Whether regions know a type with effects of final events.</param>
    /// <param name="compacts">Whether rows of final events may go.</param>
    /// <param name="typesOf">The entity types of each region's build, or null when all have the same.</param>
    public SimulatedGroup(
        ulong seed, int regions, Func<KernelOptions, KernelOptions>? adjust = null, bool effects = false,
        bool compacts = false, Func<string, IReadOnlyDictionary<string, IEntityType>>? typesOf = null)
    {
        this.typesOf = typesOf;
        types = effects ? TestTypes.All : compacts ? TestTypes.Compacting : TestTypes.WithoutEffects;
        Effects = new EffectOracle(this);
        this.adjust = adjust ?? (o => o);
        Dice = new Dice(seed);
        Members = Names[..regions];
        Network = new SimulatedNetwork(Time, Dice.Fork(), Members);
        Oracles = new OracleSet(this);
        foreach (var name in Members)
            Regions.Add(Add(name, new SimulatedDisk(new Guid(Dice.Bytes(16)))));
        foreach (var region in Regions)
            Network.Listen(region.Name, () => region);
    }

    /// <summary>Chance.</summary>
    public Dice Dice { get; }

    /// <summary>Time.</summary>
    public VirtualTime Time { get; } = new();

    /// <summary>The ways between regions.</summary>
    public SimulatedNetwork Network { get; }

    /// <summary>Names of all members.</summary>
    public IReadOnlyList<string> Members { get; }

    /// <summary>One region for each member; a clone is not among them.</summary>
    public List<SimulatedRegion> Regions { get; } = [];

    /// <summary>What judges the run.</summary>
    public OracleSet Oracles { get; }

    /// <summary>Carries out effects of final events, and judges them.</summary>
    public EffectOracle Effects { get; }

    /// <summary>Judges who the regions take for their group.</summary>
    public ConfigurationOracle Configurations { get; } = new();

    /// <summary>Regions that are members no more.</summary>
    public List<SimulatedRegion> Gone { get; } = [];

    /// <summary>Processes on copies of a region's disk, beside the region's own.</summary>
    public List<SimulatedRegion> Clones { get; } = [];

    /// <summary>Every process that a client may be sent to.</summary>
    public IReadOnlyList<SimulatedRegion> Serving
        => Clones.Count == 0 ? Regions : [.. Regions, .. Clones.Where(c => c.Up)];

    /// <summary>Told what happens outside the protocol's normal course; null when nobody listens.</summary>
    public Action<string>? Listener { get; set; }

    /// <summary>Carries out what a region asks another one for, as the primary; null when no type of the run has
    /// one.</summary>
    public Action<SimulatedRegion, int, AskReceived>? Serve { get; set; }

    /// <summary>Inputs given to kernels.</summary>
    public long Inputs { get; private set; }

    /// <summary>The region of that name.</summary>
    public SimulatedRegion this[string name] => Regions.First(r => r.Name == name);

    /// <summary>The region at that place.</summary>
    public SimulatedRegion this[int index] => Regions[index];

    /// <summary>Starts every region that is down.</summary>
    public SimulatedGroup Start()
    {
        foreach (var region in Regions)
            region.Start();
        return this;
    }

    /// <summary>What processes that start from now on know under a name.</summary>
    public void Declare(IEntityType type)
        => types = new Dictionary<string, IEntityType>(types) { [type.Name] = type };

    /// <summary>Lets time pass.</summary>
    public void Run(long milliseconds) => Time.RunUntil(Time.Now + milliseconds);

    /// <summary>Lets time pass until the condition holds.</summary>
    /// <returns>False when it does not hold within the limit.</returns>
    public bool RunUntil(Func<bool> condition, long limitMilliseconds, int pollMilliseconds = 25)
    {
        var end = Time.Now + limitMilliseconds;
        while (!condition())
        {
            if (Time.Now >= end)
                return false;
            Run(Math.Min(pollMilliseconds, end - Time.Now));
        }
        return true;
    }

    /// <summary>Adds a process on a disk; the oracles watch it from now on.</summary>
    public SimulatedRegion Add(string name, SimulatedDisk disk)
    {
        Oracles.Watch(name, disk);
        return new SimulatedRegion(this, name, disk, () => typesOf?.Invoke(name) ?? types, Dice.Fork());
    }

    /// <summary>Sends a command; the answer comes later, or never when the process dies.</summary>
    public void Submit(SimulatedRegion at, Operation operation, Action<SimulatedRegion, RequestResult>? answered = null)
    {
        var request = operation.ToRequest(at.MonotonicMilliseconds);
        var wasRemoved = ConfigurationOracle.IsRemoved(at);
        waiting[request] = (region, result) =>
        {
            if (wasRemoved && result.Failure is null)
                throw new OracleException($"{region.Name} took a write after it had learned that it was removed.");
            Oracles.Answered(region, operation, result);
            answered?.Invoke(region, result);
        };
        if (at is EarlierRegion earlier)
            earlier.Submit(request, operation);
        else
            at.Enter(at.Life, (kernel, now) => kernel.Submit(request, now));
    }

    /// <summary>Reads an entity; the answer's value is an <see cref="EntityView"/>.</summary>
    public void Read(
        SimulatedRegion at, EntityKey entity, ReadCondition condition, long patienceMilliseconds,
        Action<SimulatedRegion, RequestResult>? answered = null, bool atPrimary = false)
    {
        var request = new ReadRequest
        {
            Entity = entity, Condition = condition, Project = view => view, AtPrimary = atPrimary,
            DeadlineMilliseconds = at.MonotonicMilliseconds + patienceMilliseconds,
        };
        waiting[request] = (region, result) =>
        {
            Oracles.ReadAnswered(region, entity, condition, result);
            answered?.Invoke(region, result);
        };
        if (at is EarlierRegion earlier)
            earlier.Read(request, patienceMilliseconds);
        else
            at.Enter(at.Life, (kernel, now) => kernel.Read(request, now));
    }

    /// <summary>Gives a region a command or a read whose answer the caller judges; it comes later, or never when the
    /// process dies.</summary>
    public void Give(SimulatedRegion at, EntityRequest request, Action<SimulatedRegion, RequestResult> answered)
    {
        waiting[request] = answered;
        at.Enter(at.Life, (kernel, now) =>
        {
            if (request is CommandRequest command)
                kernel.Submit(command, now);
            else
                kernel.Read((ReadRequest)request, now);
        });
    }

    /// <summary>Makes a region on an empty disk that has to be told by the others who its group is. It may bear the
    /// name of one that was removed, whose process is gone then.</summary>
    public SimulatedRegion AddNew(string name)
    {
        foreach (var old in Regions.Where(r => r.Name == name).ToArray())
        {
            old.Kill();
            Dismiss(old);
        }
        string[] contacts = [.. Regions.Select(r => r.Name)];
        var region = Add(name, new SimulatedDisk(new Guid(Dice.Bytes(16))));
        joiners[name] = contacts;
        Regions.Add(region);
        Network.Add(name);
        Network.Listen(name, () => region);
        return region;
    }

    /// <summary>Lets a region that never ran run the earlier build from now on.</summary>
    public EarlierRegion RunEarlierBuild(SimulatedRegion region)
    {
        var earlier = new EarlierRegion(this, region.Name, region.Disk, Dice.Fork());
        Replace(region, earlier);
        return earlier;
    }

    /// <summary>This build takes a region over from the earlier one, whose process has ended: on its disk, as it
    /// is.</summary>
    public SimulatedRegion Upgrade(EarlierRegion earlier)
    {
        earlier.IsReplaced = true;
        var region = new SimulatedRegion(
            this, earlier.Name, earlier.Disk, () => typesOf?.Invoke(earlier.Name) ?? types, Dice.Fork())
        {
            Died = earlier.Died, ClockOffMilliseconds = earlier.ClockOffMilliseconds,
            CrashBeforeWritePerMille = earlier.CrashBeforeWritePerMille,
            CrashAfterWritePerMille = earlier.CrashAfterWritePerMille,
        };
        Replace(earlier, region);
        region.Start();
        return region;
    }

    private void Replace(SimulatedRegion old, SimulatedRegion next)
    {
        Regions[Regions.IndexOf(old)] = next;
        Network.Listen(next.Name, () => next);
    }

    /// <summary>Takes a region that was removed out of those that have to agree; its process goes on.</summary>
    public void Dismiss(SimulatedRegion region)
    {
        Regions.Remove(region);
        Gone.Add(region);
    }

    /// <summary>Asks for a change of the members; the answer comes later, or never when the process dies.</summary>
    public static void Change(
        SimulatedRegion at, MembershipChange change, string region, long patienceMilliseconds, bool force,
        Action<MembershipResult> answered)
    {
        var request = new MembershipRequest
        {
            Change = change, Region = region, Force = force, Waiter = answered,
            DeadlineMilliseconds = at.MonotonicMilliseconds + patienceMilliseconds,
        };
        at.Enter(at.Life, (kernel, now) => kernel.Submit(request, now));
    }

    /// <summary>Reads or changes a register; the answer comes later, or never when the process dies.</summary>
    public static void Decide(
        SimulatedRegion at, EntityKey register, RegisterChange? change, long patienceMilliseconds,
        Action<RegisterResult> answered)
    {
        var request = new RegisterRequest
        {
            Register = register, Change = change, Waiter = answered,
            DeadlineMilliseconds = at.MonotonicMilliseconds + patienceMilliseconds,
        };
        at.Enter(at.Life, (kernel, now) => kernel.Submit(request, now));
    }

    /// <summary>Asks to remove rows of an entity's final events; the answer comes later, or never when the process
    /// dies.</summary>
    public static void Compact(SimulatedRegion at, EntityKey entity, Action<CompactResult> answered)
    {
        var request = new CompactRequest { Entity = entity, Waiter = answered };
        at.Enter(at.Life, (kernel, now) => kernel.Compact(request, now));
    }

    /// <summary>Starts a process on a copy of a running region's disk.</summary>
    /// <param name="takesTheAddress">Whether the others reach the clone instead of the original.</param>
    /// <param name="writes">How much of the original's log is on the copy; all of it when null.</param>
    public SimulatedRegion Clone(
        SimulatedRegion original, bool withGuard, bool takesTheAddress, int? writes = null)
    {
        var clone = Add(original.Name, original.Disk.Clone(withGuard));
        Oracles.Cloned.Add(original.Name);
        Oracles.RolledBack(clone, clone.Disk.RollBack(writes ?? clone.Disk.Writes));
        Clones.Add(clone);
        if (takesTheAddress)
            Network.Listen(original.Name, () => clone.Up ? clone : original);
        clone.Start();
        return clone;
    }

    /// <summary>Ends a clone, and with it what only it has.</summary>
    public void Remove(SimulatedRegion clone)
    {
        clone.Kill();
        Clones.Remove(clone);
        Oracles.Removed(clone);
        Network.Listen(clone.Name, () => this[clone.Name]);
    }

    /// <summary>What all kernels of the run have counted.</summary>
    public long Count(Probe probe) => probed[(int)probe] + Serving.Sum(r => r.Probes?[probe] ?? 0);

    public KernelOptions Options(string region, Incarnation session, ulong seed)
    {
        var contacts = joiners.GetValueOrDefault(region);
        return adjust(new KernelOptions
        {
            Region = region, Members = contacts ?? Members, Session = session, Seed = seed,
            ConfigurationEpoch = contacts is null ? 1ul : 0, Secrets = new Dice(seed).Fill,
            Voters = [], // who votes says so: seeds of before there were votes mean what they meant
        });
    }

    public void Entered(SimulatedRegion region)
    {
        Inputs++;
        Configurations.Look(region);
    }

    public void Answered(SimulatedRegion region, object request, RequestResult result)
    {
        if (!waiting.Remove(request, out var answer))
            throw new OracleException($"{region.Name} answered a request twice.");
        answer(region, result);
    }

    public void Started(SimulatedRegion region, JournalIdentity identity)
    {
        Say(region, $"starts, {identity.Continuity} {identity.Incarnation} {identity.Reason}");
        Oracles.Started(region, identity.Continuity);
    }

    public void Ended(SimulatedRegion region, ProbeCounts counts, bool clean)
    {
        foreach (var probe in Enum.GetValues<Probe>())
            probed[(int)probe] += counts[probe];
        Say(region, clean ? "stops" : "dies");
        Oracles.Ended(region);
    }

    public void Run(SimulatedRegion region, int life, RunEffects run) => Effects.Run(region, life, run);

    public void Asked(SimulatedRegion region, int life, AskReceived asked)
    {
        if (Serve is not null)
        {
            Time.After(0, () => Serve(region, life, asked));
            return;
        }
        if (asked.Ask.Command.Length > 0)
            throw new InvalidOperationException("Types of the simulator have no commands that can be sent.");
        // What a read elsewhere shows is judged where worlds of real types are simulated.
        var refusal = new AnswerFrame(asked.Ask.Request, default, new Failure(
            ErrorCodes.Filtered, "Types of the simulator are not shown to other regions.", "Read there."));
        Time.After(0, () => region.Enter(life, (kernel, now) => kernel.Answer(asked.Link, refusal, now)));
    }

    public void Failed(SimulatedRegion region, ServiceCodeFailed failed)
        => Say(region, $"{failed.Type}: {failed.Error}");

    public void Alarmed(SimulatedRegion region, Alarm alarm)
    {
        Say(region, $"{alarm.Kind}: {alarm.Text}");
        Oracles.Alarmed(region, alarm);
    }

    public void Inspect(SimulatedRegion region) => Oracles.Inspect(region);

    public void Say(SimulatedRegion region, string what)
        => Listener?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{Time.Now,8} {region.Name} {what}"));
}

/// <summary>What a client wants to be written.</summary>
/// <param name="Lines">One payload or more: one batch.</param>
/// <param name="Key">Idempotency key or empty.</param>
internal sealed record Operation(EntityKey Entity, IReadOnlyList<string> Lines, string Key,
    long PatienceMilliseconds = 5_000)
{
    /// <summary>In how many regions it is to be durable before it is acknowledged; null for its type's level.</summary>
    public Acknowledgement? Level { get; init; }

    /// <summary>A command handler of its own instead of one that persists the lines.</summary>
    internal Func<object, CommandContext, Decision>? Handle { get; init; }

    /// <summary>Which regions the entity is for from then on; null for no change.</summary>
    internal EntityFilter? Regions { get; init; }

    /// <summary>How it is sent to its entity's primary; null when it is not.</summary>
    internal ForwardableCommand? Forwardable { get; init; }

    /// <summary>Trace context or empty.</summary>
    internal string Trace { get; init; } = "";

    internal CommandRequest ToRequest(long monotonic) => new()
    {
        Entity = Entity, IdempotencyKey = Key,
        Command = Handle ?? TestTypes.Persist(Lines, Regions),
        Handle = (state, handle, context) => ((Func<object, CommandContext, Decision>)handle)(state, context),
        EncodeReply = Key.Length == 0 ? null : (reply, _) => System.Text.Encoding.UTF8.GetBytes((string)reply!),
        DecodeReply = Key.Length == 0 ? null : bytes => System.Text.Encoding.UTF8.GetString(bytes.Span),
        Acknowledgement = Level, Forwardable = Forwardable, TraceParent = Trace,
        DeadlineMilliseconds = monotonic + PatienceMilliseconds,
    };
}

/// <summary>A property does not hold.</summary>
public sealed class OracleException(string message) : Exception(message);
