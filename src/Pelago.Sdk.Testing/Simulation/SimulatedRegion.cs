using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>A region's process: the kernel of production, the disk beneath it, and the shell between them, with every
/// moment at which a real process can die as a happening of its own.</summary>
/// <remarks>Not sealed: in Pelago's own simulator some regions run the kernel of an earlier build, of which the world
/// sees frames, the journal and the clock.</remarks>
internal class SimulatedRegion
{
    private readonly ISurroundings group;
    private readonly Func<IReadOnlyDictionary<string, IEntityType>> declared;
    private readonly Dice dice;
    private long monotonicStart;
    private long rateSince;
    private int clockRatePerMille;
    private SimulatedJournal journal;
    private InstanceKernel? kernel;
    private IReadOnlyDictionary<string, IEntityType> types;
    private long pausedUntil;
    private KernelOptions? options;

    public SimulatedRegion(
        ISurroundings group, string name, SimulatedDisk disk, Func<IReadOnlyDictionary<string, IEntityType>> declared,
        Dice dice)
    {
        (this.group, Name, Disk, this.declared, this.dice) = (group, name, disk, declared, dice);
        types = declared();
        monotonicStart = dice.Between(1_000, 1_000_000);
        journal = null!;
    }

    /// <summary>The region's name.</summary>
    public string Name { get; }

    /// <summary>What survives it.</summary>
    public SimulatedDisk Disk { get; }

    /// <summary>Counts the lives of the process; what belongs to an earlier life is dropped.</summary>
    public int Life { get; protected set; }

    /// <summary>A process runs.</summary>
    public virtual bool Up => kernel is not null;

    /// <summary>How far the wall clock is off, in milliseconds.</summary>
    public long ClockOffMilliseconds { get; set; }

    /// <summary>By how much its clocks are faster than true time, in a thousand.</summary>
    public int ClockRatePerMille
    {
        get => clockRatePerMille;
        set
        {
            monotonicStart += Drift;
            ClockOffMilliseconds += Drift;
            (clockRatePerMille, rateSince) = (value, group.Time.Now);
        }
    }

    /// <summary>Chances of dying around a write, in a thousand.</summary>
    public int CrashBeforeWritePerMille { get; set; }

    /// <summary>Chances of dying after a write and before anybody hears of it, in a thousand.</summary>
    public int CrashAfterWritePerMille { get; set; }

    /// <summary>Chances that loading an entity fails, in a thousand.</summary>
    public int LoadFailurePerMille { get; set; }

    /// <summary>How much longer than usual the disk takes for a group.</summary>
    public int DiskDelayMilliseconds { get; set; }

    /// <summary>Called when the process died by one of the chances above.</summary>
    public Action<SimulatedRegion>? Died { get; set; }

    /// <summary>Alarms of all lives.</summary>
    public List<Alarm> Alarms { get; } = [];

    /// <summary>Options of the newest life.</summary>
    public virtual KernelOptions Options => options
        ?? throw new InvalidOperationException($"{Name} was never started.");

    /// <summary>What the running kernel has counted; null while none runs.</summary>
    public ProbeCounts? Probes => kernel?.Probes;

    /// <summary>The group as the running kernel has taken it; null while none runs.</summary>
    public Configuration? Configuration => kernel?.Configuration;

    /// <summary>What the running kernel says about itself; null while none runs.</summary>
    public virtual KernelDescription? Describe() => kernel?.Describe(Moment, withPast: true);

    /// <summary>Which events do not count, as the running kernel knows; null while none runs.</summary>
    public PrimaryRules? Rules => kernel?.PrimaryRules;

    internal Dictionary<long, (SimulatedLink Link, LinkEnd End)> Links { get; } = [];

    private Moment Moment => new(
        VirtualTime.FirstWallMilliseconds + group.Time.Now + ClockOffMilliseconds + Drift,
        monotonicStart + group.Time.Now + Drift);

    private long Drift => (group.Time.Now - rateSince) * clockRatePerMille / 1_000;

    /// <summary>The region's monotonic clock, for deadlines.</summary>
    public long MonotonicMilliseconds => Moment.MonotonicMilliseconds;

    /// <summary>Starts the process on what the disk holds.</summary>
    public virtual void Start()
    {
        if (Up)
            return;
        Life++;
        types = declared();
        pausedUntil = 0;
        journal = new SimulatedJournal(Disk);
        var lanes = Enumerable.Range(0, EntityKey.Lanes).Select(journal.Take).ToArray();
        options = group.Options(Name, Incarnation.Create(Moment.WallMilliseconds, dice.Bytes(10)), dice.Next());
        kernel = new InstanceKernel(options, types, journal.Identity, lanes);
        group.Started(this, journal.Identity);
        Enter(Life, (k, now) => k.Tick(now));
        PlanTick(Life);
        PlanInspection(Life);
    }

    /// <summary>SIGKILL: everything in memory is gone, connections break.</summary>
    public virtual void Kill() => End(clean: false);

    /// <summary>A clean stop, as far as the journal is concerned.</summary>
    public virtual void Stop() => End(clean: true);

    /// <summary>The process stands still, as under SIGSTOP; what arrives waits.</summary>
    public virtual void Pause(long milliseconds) => pausedUntil = Math.Max(pausedUntil, group.Time.Now + milliseconds);

    /// <summary>Hands the kernel an input, and carries out what it answers.</summary>
    internal void Enter(int life, Action<InstanceKernel, Moment> input)
    {
        if (kernel is null || Life != life)
            return;
        if (pausedUntil > group.Time.Now)
        {
            group.Time.At(pausedUntil, () => Enter(life, input));
            return;
        }
        input(kernel, Moment);
        group.Entered(this);
        foreach (var effect in kernel.Flush(Moment))
        {
            if (Life != life || kernel is null)
                return;
            Do(effect, life);
        }
    }

    /// <summary>A link stands.</summary>
    internal virtual void Opened(LinkEnd end, string peer) => Enter(end.Life, (k, now)
        => k.LinkOpened(end.Number, peer, end.Dialled is not null, now));

    /// <summary>Bytes have arrived on a link.</summary>
    internal virtual void Arrived(SimulatedLink link, LinkEnd end, ReadOnlyMemory<byte> bytes)
        => Enter(end.Life, (k, now) => link.Read(end, bytes, k, now));

    /// <summary>A link has ended.</summary>
    internal virtual void Closed(LinkEnd end) => Enter(end.Life, (k, now) => k.LinkClosed(end.Number, now));

    /// <summary>Nobody answers at a peer's address.</summary>
    internal virtual void DialFailed(int life, string peer) => Enter(life, (k, now) => k.DialFailed(peer, now));

    private void End(bool clean)
    {
        if (kernel is null)
            return;
        var counts = kernel.Probes;
        kernel = null;
        if (clean)
            Disk.Close();
        foreach (var (link, end) in Links.Values.ToArray())
            link.Close(end);
        Links.Clear();
        group.Ended(this, counts, clean);
    }

    private void PlanTick(int life) => group.Time.After(dice.Between(15, 35), () =>
    {
        if (Life != life || !Up)
            return;
        Enter(life, (k, now) => k.Tick(now));
        PlanTick(life);
    });

    private void PlanInspection(int life) => group.Time.After(dice.Between(300, 900), () =>
    {
        if (Life != life || !Up)
            return;
        group.Inspect(this);
        PlanInspection(life);
    });

    private void Do(KernelEffect effect, int life)
    {
        switch (effect)
        {
            case AppendGroup append:
                Append(append.Batches, life);
                break;
            case OpenIncarnation open:
                group.Time.After(dice.Between(1, 4), () => Begin(open.Next, life));
                break;
            case LoadEntity load:
                group.Time.After(dice.Between(0, 3), () => Read(load, life));
                break;
            case ReadPage read:
                group.Time.After(dice.Between(0, 3), () => Read(read, life));
                break;
            case ReadHistory read:
                group.Time.After(dice.Between(0, 3), () => Read(read, life));
                break;
            case ReadRows or ReadCheckpoints:
                group.Time.After(dice.Between(0, 3), () => ReadForRemoval(effect, life));
                break;
            case CompactDone done:
                ((Action<CompactResult>)done.Request.Waiter!)(done.Result);
                break;
            case AuditEntities audit:
                group.Time.After(dice.Between(0, 9), () => Read(audit, life));
                break;
            case RunEffects or AskReceived:
                Hand(effect, life);
                break;
            case Dial dial:
                group.Network.Dial(this, dial.Peer);
                break;
            case SendFrame send when Links.TryGetValue(send.Link, out var to):
                to.Link.Send(to.End, send.Frame);
                break;
            case CloseLink close when Links.Remove(close.Link, out var to):
                to.Link.Close(to.End);
                break;
            case CommandDone done:
                group.Answered(this, done.Request, done.Result);
                break;
            case ReadDone done:
                group.Answered(this, done.Request, done.Result);
                break;
            case RegisterDone or MembershipDone or PrimaryDone:
                Answer(effect);
                break;
            case ServiceCodeFailed failed:
                group.Failed(this, failed);
                break;
            case Alarm alarm:
                Alarms.Add(alarm);
                group.Alarmed(this, alarm);
                break;
        }
    }

    // What the group around it does for the region.
    private void Hand(KernelEffect effect, int life)
    {
        if (effect is RunEffects run)
            group.Run(this, life, run);
        else
            group.Asked(this, life, (AskReceived)effect);
    }

    private static void Answer(KernelEffect effect)
    {
        if (effect is RegisterDone register)
            ((Action<RegisterResult>)register.Request.Waiter!)(register.Result);
        else if (effect is MembershipDone membership)
            ((Action<MembershipResult>)membership.Request.Waiter!)(membership.Result);
        else if (effect is PrimaryDone primary)
            ((Action<PrimaryResult>)primary.Request.Waiter!)(primary.Result);
    }

    private void Append(IReadOnlyList<LaneBatch> batches, int life)
        => group.Time.After(dice.Between(1, 6) + DiskDelayMilliseconds, () =>
    {
        if (Life != life || !Up)
            return;
        if (dice.Chance(CrashBeforeWritePerMille))
        {
            Die();
            return;
        }
        var commits = journal.Write(batches);
        if (dice.Chance(CrashAfterWritePerMille))
        {
            Die();
            return;
        }
        group.Time.After(dice.Between(0, 4), () => Enter(life, (k, now) => k.Committed(commits, now)));
    });

    private void Begin(Origin next, int life)
    {
        if (Life != life || !Up)
            return;
        journal.BeginLife(next);
        group.Say(this, $"begins {next}");
        group.Time.After(dice.Between(0, 2), () => Enter(life, (k, now) => k.IncarnationOpened(now)));
    }

    private void Read(LoadEntity load, int life)
    {
        if (Life != life || !Up)
            return;
        if (dice.Chance(LoadFailurePerMille))
        {
            var failure = new Failure(ErrorCodes.JournalUnavailable, "The disk did not answer.");
            group.Time.After(dice.Between(0, 5), () => Enter(life, (k, now)
                => k.LoadFailed(load.Entity, failure, now)));
            return;
        }
        var image = journal.Read(load.Entity, load.History);
        group.Time.After(dice.Between(0, 5), () => Enter(life, (k, now) => k.Loaded(image, load.History, now)));
    }

    private void Read(ReadPage read, int life)
    {
        if (Life != life || !Up)
            return;
        var page = journal.ReadRows(read.Lane, read.After, read.Filter, read.MaxRows, read.MaxBytes);
        group.Time.After(dice.Between(0, 3), () => Enter(life, (k, now) => k.PageRead(read.Request, page, now)));
    }

    private void Read(ReadHistory read, int life)
    {
        if (Life != life || !Up)
            return;
        var image = journal.Read(read.Entity, history: true);
        group.Time.After(dice.Between(0, 3), () => Enter(life, (k, now) => k.HistoryRead(read.Request, image, now)));
    }

    private void ReadForRemoval(KernelEffect effect, int life)
    {
        if (effect is ReadRows rows)
            Read(rows, life);
        else
            Read((ReadCheckpoints)effect, life);
    }

    private void Read(ReadRows read, int life)
    {
        if (Life != life || !Up)
            return;
        if (dice.Chance(LoadFailurePerMille))
        {
            group.Time.After(dice.Between(0, 5), () => Enter(life, (k, now) => k.RowsFailed(read.Request, now)));
            return;
        }
        var rows = journal.RowsOf(read.Entity, read.After, read.MaxRows);
        group.Time.After(dice.Between(0, 5), () => Enter(life, (k, now) => k.RowsRead(read.Request, rows, now)));
    }

    private void Read(ReadCheckpoints read, int life)
    {
        if (Life != life || !Up)
            return;
        var page = journal.CheckpointsOf(read.Lane, read.After, read.MaxCheckpoints);
        group.Time.After(dice.Between(0, 5), () => Enter(life, (k, now)
            => k.CheckpointsRead(read.Request, page, now)));
    }

    private void Read(AuditEntities ask, int life)
    {
        if (Life != life || !Up)
            return;
        if (dice.Chance(LoadFailurePerMille))
        {
            group.Time.After(dice.Between(0, 5), () => Enter(life, (k, now) => k.AuditFailed(ask.Request, now)));
            return;
        }
        var page = ask.Only is { } only ? new EntityPage(only, 0)
            : journal.ReadPage(ask.Lane, ask.After, ask.MaxEntities);
        EntityAudit[] audits = [.. page.Entities.Select(Audit).OfType<EntityAudit>()];
        group.Time.After(dice.Between(0, 5), () => Enter(life, (k, now)
            => k.Audited(ask.Request, audits, page.Next, now)));
    }

    private EntityAudit? Audit(EntityKey entity) => EntityAudit.Of(types.GetValueOrDefault(entity.Type),
        journal!.Read(entity, history: false), journal.Read(entity, history: true),
        Rules);

    private void Die()
    {
        Kill();
        Died?.Invoke(this);
    }
}
