using Pelago.Model;

namespace Pelago.Replication;

/// <summary>The protocol as a state machine: everything an instance decides, and nothing of what it does.</summary>
/// <remarks>
/// <para>Inputs are method calls with the present moment; outputs are collected and handed over by <see cref="Flush"/>
/// at the end of a turn. The kernel reads no clock, does no I/O, starts no thread, and is not thread-safe: one loop
/// owns it. The simulator drives this very class, so a seed replays a failure exactly.</para>
/// <para>A write: command → entity → handler → stamped events → the lane's group → one <see cref="AppendGroup"/> for
/// all lanes → <see cref="Committed"/> → reply, feeds, frontiers. One group is under way at a time; the next fills
/// meanwhile, so a lone write never waits for a window, and a failed group undoes everything built on it.</para>
/// </remarks>
public sealed partial class InstanceKernel
{
    private const int TickLanes = 8;
    private readonly KernelContext context;
    private readonly Writer writer;
    private readonly PeerLinks links;
    private readonly LaneReplica[] lanes;
    private readonly List<LaneReplica> underWay = [];
    private bool isNotKnownToHaveLost;
    private int nextLane;
    private int firstLane;

    /// <summary>A kernel over a journal that was just opened and whose lanes were all acquired.</summary>
    public InstanceKernel(
        KernelOptions options, IReadOnlyDictionary<string, IEntityType> types, JournalIdentity identity,
        IReadOnlyList<LaneState> states)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(states.Count, EntityKey.Lanes);
        // Also after a clean stop: a copy that was made then, guard file and all, knows of no life that came after it.
        (JournalId, isNotKnownToHaveLost) = (identity.JournalId, identity.Continuity != Continuity.Broken);
        context = new KernelContext(options, types);
        Membership = new Membership(context, this, states);
        context.Primaries = Primaries = new Primaries(
            context, this, states, MemoryOf(identity) == VoterMemory.Lost, isNew: identity.Incarnation is null);
        context.Filters = new TypeFilters(context, types, states);
        writer = new Writer(context, identity);
        links = new PeerLinks(context, writer, this);
        context.Subjects = Subjects = new SubjectKeys(context, links, this);
        lanes = [.. states.OrderBy(s => s.Lane).Select(s => new LaneReplica(context, writer, links, s))];
        Registers = new Registers(
            options, new RegisterLinks(context, links, this), [.. states.OrderBy(s => s.Lane)], MemoryOf(identity),
            context.Configuration);
    }

    /// <summary>Id of the journal beneath.</summary>
    public Guid JournalId { get; }

    /// <summary>How often the protocol came to its rarer moments.</summary>
    public ProbeCounts Probes => context.Probes;

    internal IReadOnlyList<LaneReplica> Lanes => lanes;

    internal Registers Registers { get; }

    internal PeerLinks Links => links;

    internal Membership Membership { get; }

    internal Primaries Primaries { get; }

    internal SubjectKeys Subjects { get; }

    /// <summary>Which events do not count because a primary was replaced; may be used from any thread.</summary>
    public PrimaryRules PrimaryRules => Primaries.Rules;

    /// <summary>Filters in force, by type; may be read from any thread.</summary>
    public IReadOnlyDictionary<string, EntityFilter> Filters => context.Filters.Published;

    internal Incarnation? NewestLife => writer.Newest?.Incarnation;

    /// <summary>Who the group is, as this region has taken it; may be read from any thread.</summary>
    public Configuration Configuration => context.Configuration;

    internal LaneReplica Lane(int lane) => lanes[lane];

    /// <summary>Takes a command; it is completed by <see cref="CommandDone"/>, exactly once.</summary>
    public void Submit(CommandRequest request, Moment now)
    {
        context.Now = now;
        if ((Membership.RefuseWrites() ?? Refuse(request.Entity) ?? RefuseLevel(request)) is { } failure)
            context.Emit(new CommandDone(request, new RequestResult(null, failure, [])));
        else
            Give(request);
    }

    /// <summary>Has a request carried out, here or elsewhere, or refused.</summary>
    internal void Give(EntityRequest request)
    {
        FollowDeclared();
        if (!links.Forwards.Take(request))
            lanes[request.Entity.Lane].Ask(request);
    }

    private void FollowDeclared()
    {
        if (!context.Filters.AreSomeNew)
            return;
        foreach (var type in context.Filters.TakeDeclared())
            links.Follow(new FilterFrame(type, context.Filters.Of(type)));
    }

    /// <summary>Takes a read; it is completed by <see cref="ReadDone"/>, exactly once.</summary>
    public void Read(ReadRequest request, Moment now)
    {
        context.Now = now;
        if (Refuse(request.Entity) is { } failure)
            context.Emit(new ReadDone(request, new RequestResult(null, failure, [])));
        else
            Give(request);
    }

    /// <summary>What a peer asked for with <see cref="AskReceived"/> is done.</summary>
    public void Answer(long link, AnswerFrame answer, Moment now)
    {
        context.Now = now;
        if (links.Stands(link))
            context.Emit(new SendFrame(link, answer));
    }

    /// <summary>Takes a read or a change of a register; it is completed by <see cref="RegisterDone"/>, exactly
    /// once.</summary>
    public void Submit(RegisterRequest request, Moment now)
    {
        context.Now = now;
        Registers.Submit(request);
    }

    /// <summary>Takes a change of the group's members; it is completed by <see cref="MembershipDone"/>, exactly
    /// once.</summary>
    public void Submit(MembershipRequest request, Moment now)
    {
        context.Now = now;
        Membership.Submit(request);
    }

    /// <summary>Takes a request that this region become the primary of a type; it is completed by
    /// <see cref="PrimaryDone"/>, exactly once.</summary>
    public void Submit(PrimaryRequest request, Moment now)
    {
        context.Now = now;
        Primaries.Submit(request);
    }

    /// <summary>An entity was read for <see cref="LoadEntity"/>.</summary>
    public void Loaded(EntityImage image, bool history, Moment now)
    {
        context.Now = now;
        lanes[image.Entity.Lane].Loaded(image);
    }

    /// <summary>An entity could not be read.</summary>
    public void LoadFailed(EntityKey entity, Failure failure, Moment now)
    {
        context.Now = now;
        lanes[entity.Lane].LoadFailed(entity, failure);
    }

    /// <summary>A page was read for <see cref="ReadPage"/>.</summary>
    public void PageRead(long request, LanePage page, Moment now)
    {
        context.Now = now;
        if (!lanes[page.Lane].EffectsRead(request, page) && !lanes[page.Lane].OrphansRead(request, page))
            links.PageRead(request, page);
    }

    /// <summary>A page could not be read: it is asked for again after a pause.</summary>
    public void PageFailed(long request, Moment now)
    {
        context.Now = now;
        if (!Array.Exists(lanes, l => l.EffectsFailed(request) || l.OrphansFailed(request)))
            links.PageFailed(request);
    }

    /// <summary>All effects that <see cref="RunEffects"/> asked for are done.</summary>
    public void EffectsDone(RunEffects run, Moment now)
    {
        context.Now = now;
        lanes[run.Lane].EffectsDone(run.Request);
    }

    /// <summary>An entity was read for <see cref="ReadHistory"/>.</summary>
    public void HistoryRead(long request, EntityImage image, Moment now)
    {
        context.Now = now;
        links.HistoryRead(request, image);
    }

    /// <summary>Entities were looked at for <see cref="AuditEntities"/>.</summary>
    /// <param name="next">Pass as <c>After</c> for the next ones; 0 when these were the lane's last.</param>
    public void Audited(long request, IReadOnlyList<EntityAudit> audits, long next, Moment now)
    {
        context.Now = now;
        links.AntiEntropy.Audited(request, audits, next);
    }

    /// <summary>They could not be read; they are looked at another time.</summary>
    public void AuditFailed(long request, Moment now)
    {
        context.Now = now;
        links.AntiEntropy.AuditFailed(request);
    }

    /// <summary>Somebody compared this replica with another and found two different events under one name. The entity
    /// is quarantined at once, and durably with the next group; a second time changes nothing.</summary>
    /// <param name="where">Who holds which of them: a clause for people.</param>
    public void Quarantine(EntityKey entity, Origin origin, ulong sequence, string where, Moment now)
    {
        context.Now = now;
        lanes[entity.Lane].Quarantine(entity, origin, sequence, where);
    }

    /// <summary>The group under way is done: one result per batch, in order.</summary>
    public void Committed(IReadOnlyList<LaneCommit> results, Moment now)
    {
        context.Now = now;
        LaneReplica[] group = [.. underWay];
        underWay.Clear();
        for (var i = 0; i < group.Length; i++)
            group[i].Committed(results[i]);
        Membership.TakeNoted();
        Primaries.TakeNoted();
    }

    /// <summary>The journal opened the incarnation that <see cref="OpenIncarnation"/> asked for.</summary>
    public void IncarnationOpened(Moment now)
    {
        context.Now = now;
        var closed = writer.Newest;
        writer.Opened();
        foreach (var lane in lanes)
            lane.IncarnationOpened(closed);
    }

    /// <summary>A link stands: dialled by us, or accepted from a peer whose certificate names
    /// <paramref name="peer"/>.</summary>
    /// <param name="link">A number that the shell never gives twice.</param>
    public void LinkOpened(long link, string peer, bool dialled, Moment now)
    {
        context.Now = now;
        links.Opened(link, peer, dialled);
    }

    /// <summary>A peer could not be dialled.</summary>
    public void DialFailed(string peer, Moment now)
    {
        context.Now = now;
        links.DialFailed(peer);
    }

    /// <summary>A link is gone.</summary>
    public void LinkClosed(long link, Moment now)
    {
        context.Now = now;
        links.Closed(link);
    }

    /// <summary>A frame arrived.</summary>
    public void Received(long link, Frame frame, Moment now)
    {
        context.Now = now;
        links.Received(link, frame);
    }

    /// <summary>Time passed: call every 5–20 ms.</summary>
    public void Tick(Moment now)
    {
        context.Now = now;
        FollowDeclared();
        links.Tick();
        Registers.Tick();
        if (isNotKnownToHaveLost && Registers.HaveForgotten)
            HasLost();
        Membership.Tick();
        Primaries.Tick();
        Subjects.Tick();
        for (var i = 0; i < TickLanes; i++)
        {
            var lane = lanes[nextLane = (nextLane + 1) % lanes.Length];
            lane.OweOverdue();
            lane.RetryLoads();
            lane.ExpireWaiting();
            lane.ExpireAwaited();
            lane.RunEffects();
            lane.TendLocal();
            lane.TendFilters();
            lane.FollowLoss();
            lane.TendLoss();
            lane.TakeCompacted();
            lane.Ripened();
            lane.DecideOverwritten();
            lane.Evict(context.Options.EntityMemoryBytes / lanes.Length);
        }
    }

    /// <summary>Ends every link with a goodbye; call <see cref="Flush"/> once more afterwards.</summary>
    public void Stop(Moment now)
    {
        context.Now = now;
        links.CloseAll("stopping");
    }

    /// <summary>Ends the turn: hands over what is to be done, in order.</summary>
    /// <param name="now">Read after the last input was taken: what is answered under a lease is true at this
    /// moment.</param>
    public IReadOnlyList<KernelEffect> Flush(Moment now)
    {
        context.Now = now;
        links.SendCredits();
        links.SendAwaitedReports();
        Subjects.Holders.Flush();
        context.GiveLeased();
        if (underWay.Count == 0 && !writer.IsOpening)
        {
            // With a new incarnation the journal looks like one that a process left behind: that votes are missing in
            // it, or events, has to stand in it by then.
            if (writer.IsWanted && Registers.IsLossNoted && Array.TrueForAll(lanes, l => l.IsLossNoted))
                writer.Open();
            else
                TakeGroup();
        }
        var effects = context.Effects;
        context.Effects = [];
        return effects;
    }

    /// <summary>What a person or a metric wants to know; a snapshot.</summary>
    /// <param name="withPast">Lives that are past one by one, too: there may be thousands.</param>
    public KernelDescription Describe(Moment now, bool withPast = false)
    {
        context.Now = now;
        return KernelDescription.Of(context, writer, links, lanes, Registers, withPast) with
        {
            Membership = Membership.Describe(), Primaries = Primaries.Describe(),
            Filters = [.. context.Filters.Published.Select(f => new FilterDescription(f.Key, f.Value,
                context.Filters.AdmitsHere(f.Key), lanes.Count(l => !l.IsWhole(f.Key))))],
        };
    }

    internal void BreakIncarnation(AlarmKind kind, string why)
    {
        context.Alarm(kind, $"{context.Options.Region}: {why}.");
        context.Hit(kind == AlarmKind.Superseded ? Probe.Superseded : Probe.OwnEventBeyondSeen);
        writer.Break(why);
        var failure = new Failure(
            ErrorCodes.JournalUnavailable, "The region had to begin a new incarnation.", "Try again.");
        foreach (var lane in lanes)
        {
            lane.HasLost();
            lane.Reset(failure);
        }
        links.CloseAll("new incarnation");
        Registers.Forget();
        Primaries.HasLost();
    }

    /// <summary>Others hold what this region wrote and its journal does not: the process that died did not leave it
    /// whole, or it is an older copy, and what it voted may be gone with what it wrote.</summary>
    internal void HasLost()
    {
        if (!isNotKnownToHaveLost)
            return;
        isNotKnownToHaveLost = false;
        Registers.Forget();
        Primaries.HasLost();
        foreach (var lane in lanes)
            lane.HasLostAsTold();
    }

    private static VoterMemory MemoryOf(JournalIdentity identity) => identity.Continuity switch
    {
        Continuity.Clean => VoterMemory.Whole,
        Continuity.Unclean => VoterMemory.Presumed,
        _ => VoterMemory.Lost,
    };

    private Failure? Refuse(EntityKey entity)
    {
        if (!context.Knows(entity.Type))
        {
            return new Failure(ErrorCodes.UnknownEntityType, $"Entity type '{entity.Type}' is not registered.",
                "Register it with AddPelago.");
        }
        if (EntityKey.CheckId(entity.Id) is { } invalid)
            return invalid;
        if (Membership.RefuseUse(entity.Lane) is { } early)
            return early;
        return lanes[entity.Lane].IsFull(entity)
            ? new Failure(ErrorCodes.Overloaded, "Too many requests wait for this entity.", "Try again a little later.")
            : null;
    }

    private Failure? RefuseLevel(CommandRequest request)
    {
        var type = context.TypeOf(request.Entity.Type);
        var level = request.Acknowledgement ?? type.Acknowledgement;
        var members = context.HoldersOf(type.Name);
        if (type.Mode.IsLocal && level.In(members) > 1)
        {
            return new Failure(ErrorCodes.LevelImpossible,
                $"The command is to be durable in {level} regions, and entities of type '{type.Name}' stay in the "
                + "region that writes them; nothing was changed.", "Ask for 'local'.");
        }
        return level.In(members) <= members ? null : new Failure(ErrorCodes.LevelImpossible,
            $"The command is to be durable in {level} regions, and the group has {members}; nothing was changed.",
            $"Ask for at most {members}, or for 'majority', which means {Acknowledgement.Majority.In(members)} here.");
    }

    private void TakeGroup()
    {
        var rows = 0;
        var batches = new List<LaneBatch>();
        var (first, next) = (firstLane, firstLane);
        for (var i = 0; i < lanes.Length; i++)
        {
            var lane = lanes[(first + i) % lanes.Length];
            if (!lane.IsDue)
                continue;
            // What brings no rows always finds room: a key that arrived before an event is not durable after it.
            if (rows > 0 && lane.FillingRows > 0 && rows + lane.FillingRows > context.Options.MaxGroupRows)
            {
                if (next == first)
                    next = lane.Lane; // it comes first in the next group, however busy those before it are
                continue;
            }
            rows += lane.FillingRows;
            underWay.Add(lane);
            batches.Add(lane.Take());
        }
        firstLane = next;
        if (batches.Count > 0)
            context.Emit(new AppendGroup(batches));
    }
}
