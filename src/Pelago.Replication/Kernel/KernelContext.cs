using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What the parts of one kernel share: options, the present moment, the effects of this turn,
/// randomness.</summary>
internal sealed class KernelContext(KernelOptions options, IReadOnlyDictionary<string, IEntityType> types)
{
    private readonly List<(EntityRequest Request, RequestResult Result, Failure Without)> leased = [];
    private ulong random = options.Seed;

    public KernelOptions Options { get; } = options;

    /// <summary>Who the group is, as this region has durably taken it.</summary>
    public Configuration Configuration { get; set; } = Configuration.Initial(options);

    /// <summary>Why nothing is written here any more; null while writes are taken.</summary>
    public Failure? Closed { get; set; }

    /// <summary>The members of the group, this region included while it is one.</summary>
    public IReadOnlyList<string> Members => Configuration.Names;

    /// <summary>How many members, as they count for a level of acknowledgement, have the events of a type.</summary>
    public int HoldersOf(string type) => Filters.AreNone ? Configuration.Settled.Count
        : Configuration.Settled.Count(m => Filters.Admits(type, m));

    /// <summary>What the rule of an entity means now. One that lets in no member lets in all of them: whoever it was
    /// for is gone, and those that have all of it would be locked out of it for ever.</summary>
    public EntityFilter? InForce(EntityFilter? rule)
        => rule is null || Members.Any(rule.Admits) ? rule : EntityFilter.InEpoch(rule.Epoch);

    /// <summary>It is the only member. Not so where it was removed from a group of two: that has one member,
    /// too.</summary>
    public bool IsAlone => Members.Count == 1 && Members[0] == Options.Region;

    /// <summary>The members other than this region.</summary>
    public IEnumerable<string> Others => Configuration.Names.Where(m => m != Options.Region);

    /// <summary>Who is whose primary; set once, by the kernel.</summary>
    public Primaries Primaries { get; set; } = null!;

    /// <summary>Keys of subjects; set once, by the kernel.</summary>
    public SubjectKeys Subjects { get; set; } = null!;

    /// <summary>Which types are not for which regions; set once, by the kernel.</summary>
    public TypeFilters Filters { get; set; } = null!;

    public Moment Now { get; set; }

    public List<KernelEffect> Effects { get; set; } = [];

    public ClockSense Clock { get; } = new();

    public ProbeCounts Probes { get; } = new();

    /// <summary>The author's clock: the own one, unless it is off the group's median.</summary>
    public long AuthorMilliseconds => Now.WallMilliseconds + Clock.Correction(Options.ClockToleranceMilliseconds);

    public void Emit(KernelEffect effect) => Effects.Add(effect);

    /// <summary>Answers at the end of the turn, if this region has the lease then.</summary>
    /// <param name="without">The answer if it does not.</param>
    public void EmitLeased(EntityRequest request, RequestResult result, Failure without)
        => leased.Add((request, result, without));

    /// <summary>The end of the turn: everything that these answers rest on has happened before this moment.</summary>
    public void GiveLeased()
    {
        if (leased.Count == 0)
            return;
        foreach (var (request, result, without) in leased)
        {
            var has = Primaries.HasLease(request.Entity.Type);
            Hit(has ? Probe.LeaseUsed : Probe.LeaseMissed);
            Forwards.Emit(this, request, has ? result : new RequestResult(null, without, result.Points));
        }
        leased.Clear();
    }

    public void Hit(Probe probe) => Probes.Hit(probe);

    public void Alarm(AlarmKind kind, string text) => Effects.Add(new Alarm(kind, text));

    public IEntityType TypeOf(string name) => types.TryGetValue(name, out var type) ? type
        : name == SubjectType.Name ? SubjectType.Type : new UnknownEntityType(name);

    /// <summary>Which regions take commands for entities of the type.</summary>
    public EntityMode ModeOf(string type)
        => types.TryGetValue(type, out var known) ? known.Mode : EntityMode.Replicated;

    /// <summary>Names of the types whose events stay in their region.</summary>
    public IEnumerable<string> LocalTypes => types.Values.Where(t => t.Mode.IsLocal).Select(t => t.Name);

    /// <summary>Names of the types whose primary moves.</summary>
    public IEnumerable<string> MovingTypes => types.Values.Where(t => t.Mode.Moves).Select(t => t.Name);

    /// <summary>Some type has effects of final events.</summary>
    public bool HasEffects { get; } = types.Values.Any(t => t.HasAnyEffects);

    public bool Knows(string type) => types.ContainsKey(type) || type == SubjectType.Name;

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014): jitter and incarnations, reproducible from the seed.</summary>
    public ulong NextRandom()
    {
        var z = random += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Random bytes that nobody can guess.</summary>
    public byte[] Secret(int count)
    {
        var bytes = new byte[count];
        (Options.Secrets ?? throw new InvalidOperationException("Nothing was given that makes keys."))(bytes);
        return bytes;
    }

    /// <summary>A name for a new life, later than those known before, whatever the clock says.</summary>
    public Incarnation NextIncarnation(Incarnation? newest)
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, NextRandom());
        BitConverter.TryWriteBytes(bytes[8..], NextRandom());
        return Incarnation.Create(Math.Max(Now.WallMilliseconds, (newest?.UnixMilliseconds ?? 0) + 1), bytes);
    }
}

/// <summary>Stands for a type that this build does not have: its events are kept and forwarded, its entities are
/// parked.</summary>
internal sealed class UnknownEntityType(string name) : IEntityType
{
    public string Name => name;
    public MergeStrategy Strategy => MergeStrategy.Ordered;
    public int StateVersion => 0;
    public object Initial(string id) => this;
    public Folded Apply(object state, object payload, in EventContext context) => Folded.To(state);
    public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload) => null;
    public EncodedPayload Encode(object payload)
        => throw new InvalidOperationException("No payload is encoded for an unknown type.");
    public byte[] EncodeState(object state) => [];
    public object DecodeState(ReadOnlySpan<byte> bytes) => this;
}
