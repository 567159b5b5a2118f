using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>A kernel of region a, driven input by input: every load is answered with an entity that has these events,
/// every group is committed, and what else it asks for is kept.</summary>
internal sealed class TestKernel
{
    private readonly ulong[] heads = new ulong[EntityKey.Lanes];
    private readonly Dictionary<string, IEntityType> types = [];
    private readonly IReadOnlyList<EventRecord> stored;

    public TestKernel(string[] members, Continuity continuity, params EventRecord[] stored)
        : this(members, continuity, [], [], null, stored)
    {
    }

    public TestKernel(
        string[] members, Continuity continuity, IReadOnlyList<ConflictRecord> forks, IReadOnlyList<Owed> owed,
        Func<KernelOptions, KernelOptions>? adjust, params EventRecord[] stored)
        : this(members, continuity, forks, owed, adjust, Words(), stored)
    {
    }

    private TestKernel(
        string[] members, Continuity continuity, IReadOnlyList<ConflictRecord> forks, IReadOnlyList<Owed> owed,
        Func<KernelOptions, KernelOptions>? adjust, IEntityType type, EventRecord[] stored,
        Func<LaneState, LaneState>? lane = null)
    {
        this.stored = stored;
        types["text"] = type;
        foreach (var e in stored)
            heads[e.Entity.Lane] = Math.Max(heads[e.Entity.Lane], e.OriginPosition);
        // No votes: their first notes would be in the way of who holds or counts groups.
        var options = new KernelOptions
        {
            Region = "a", Members = members, Session = new Incarnation(50), Seed = 1, Voters = [],
        };
        Kernel = new InstanceKernel(
            adjust?.Invoke(options) ?? options, types,
            new JournalIdentity(Guid.Empty, A.Incarnation, continuity, "The process had not stopped cleanly."),
            [.. heads.Select((head, number) => new LaneState(
                number, 1, head, head, [], [.. owed.Where(o => o.Entity.Lane == number)])
            {
                Forks = [.. forks.Where(f => f.Entity.Lane == number)],
            }).Select(lane ?? (state => state))]);
    }

    public static string[] Three => ["a", "b", "c"];

    public InstanceKernel Kernel { get; }

    /// <summary>What it asked for and was not answered here.</summary>
    public List<KernelEffect> Asked { get; } = [];

    public IEnumerable<EventRecord> Appended { get; private set; } = [];

    public List<Owed> Owed { get; } = [];

    public List<ConflictRecord> Conflicts { get; } = [];

    /// <summary>What was committed.</summary>
    public List<LaneBatch> Batches { get; } = [];

    /// <summary>What the journal keeps of entities as checkpoints.</summary>
    public Dictionary<EntityKey, EntityCheckpoint> Checkpoints { get; } = [];

    /// <summary>Mode of its type; replicated unless said otherwise.</summary>
    public EntityMode Mode
    {
        init => types["text"] = Words(mode: value);
    }

    /// <summary>It has a type, "pelago.text", of the protocol's own.</summary>
    public bool HasControlType
    {
        init => types["pelago.text"] = Words();
    }

    /// <summary>Its type has a mode, and effects of final events, for which a kernel looks when it begins.</summary>
    public static TestKernel WithEffects(EntityMode mode, Func<KernelOptions, KernelOptions> adjust)
        => new(Three, Continuity.Clean, [], [], adjust, Words(mode: mode, effects: true), []);

    /// <summary>Over lanes that are not empty.</summary>
    public static TestKernel Over(Func<LaneState, LaneState> lane, Func<KernelOptions, KernelOptions>? adjust = null)
        => new(Three, Continuity.Clean, [], [], adjust, Words(), [], lane);

    /// <summary>Loads are not answered while set.</summary>
    public bool HoldLoads { get; set; }

    /// <summary>Groups are not answered while set.</summary>
    public bool HoldGroups { get; set; }

    /// <summary>Groups fail while set.</summary>
    public bool FailGroups { get; set; }

    /// <summary>Rows of entities through this local sequence are gone.</summary>
    public ulong RowsGone { get; set; }

    /// <summary>Rows cannot be read while set.</summary>
    public bool FailRows { get; set; }

    /// <summary>What is wrong with every entity that is loaded.</summary>
    public Failure? Damage { get; set; }

    public IEnumerable<Alarm> Alarms => Asked.OfType<Alarm>();

    public Moment Now { get; private set; } = new(1_000_000, 1_000);

    /// <summary>Lets time pass, and the kernel notice it.</summary>
    public TestKernel Wait(long milliseconds)
    {
        Now = new Moment(Now.WallMilliseconds + milliseconds, Now.MonotonicMilliseconds + milliseconds);
        return Give(k => k.Tick(Now));
    }

    /// <summary>Gives an input and lets everything happen that follows from it.</summary>
    public TestKernel Give(Action<InstanceKernel> input)
    {
        input(Kernel);
        while (Kernel.Flush(Now) is { Count: > 0 } effects)
        {
            foreach (var effect in effects)
                Answer(effect);
        }
        return this;
    }

    /// <summary>A dialled link stands, and the peer answers that it holds this much of our own origin.</summary>
    public TestKernel Linked(long link, string peer, ulong holds, bool takesAsks = true, bool leases = false,
        bool givesKeys = false, ulong session = 60)
    {
        var hello = new HelloFrame(peer, Guid.Empty, new Incarnation(session), new Origin(peer, new Incarnation(1)),
            new Origin(peer, new Incarnation(1)), 1, new ulong[EntityKey.Lanes],
            holds == 0 ? [] : [new LaneHolding(Entity.Lane, A, holds)])
        {
            TakesAsks = takesAsks, GrantsLeases = leases, GivesKeys = givesKeys, TellsKeysHeld = givesKeys,
        };
        return Give(k =>
        {
            k.LinkOpened(link, peer, dialled: true, Now);
            k.Received(link, hello, Now);
        });
    }

    public TestKernel Write(string text = "word") => Give(k => k.Submit(Command(text), Now));

    public static CommandRequest Command(
        string text, EntityKey? entity = null, ReadCondition? condition = null) => new()
    {
        Entity = entity ?? Entity, Command = "", Handle = (_, _, _) => new Decision([text], _ => null, null, []),
        Condition = condition ?? ReadCondition.None, DeadlineMilliseconds = 9_000,
    };

    /// <summary>Hands over events as the peer of a dialled link sends them.</summary>
    public TestKernel Receive(long link, ulong through, params EventRecord[] events) => Give(k => k.Received(
        link, new EventsFrame(events[0].Entity.Lane, events[0].Origin, events, through), Now));

    /// <summary>A link was accepted, and the peer says hello.</summary>
    public TestKernel Accepted(long link, string peer, bool givesKeys = false, bool filters = false)
    {
        var origin = new Origin(peer, new Incarnation(1));
        var hello = new HelloFrame(
            peer, Guid.Empty, new Incarnation(60), origin, origin, 1, new ulong[EntityKey.Lanes], [])
        {
            GivesKeys = givesKeys, KnowsFilters = filters, TellsKeysHeld = givesKeys,
        };
        return Give(k =>
        {
            k.LinkOpened(link, peer, dialled: false, Now);
            k.Received(link, hello, Now);
        });
    }

    /// <summary>Lets so much time pass in short steps, in which something is heard on the links.</summary>
    public TestKernel Idle(long milliseconds, params long[] links)
    {
        for (var left = milliseconds; left > 0; left -= 100)
        {
            foreach (var link in links)
                Give(k => k.Received(link, new HeartbeatFrame(0, 0, 0, new ulong[EntityKey.Lanes]), Now));
            Wait(Math.Min(left, 100));
        }
        return this;
    }

    /// <summary>Frames sent on a link.</summary>
    public IEnumerable<T> Sent<T>(long link)
        where T : Frame
        => Asked.OfType<SendFrame>().Where(s => s.Link == link).Select(s => s.Frame).OfType<T>();

    public TestKernel Read() => Give(k => k.Read(new ReadRequest
    {
        Entity = Entity, Project = view => view.State, Condition = ReadCondition.None, DeadlineMilliseconds = 9_000,
    }, Now));

    /// <summary>Answers the loads that were held.</summary>
    public TestKernel Load()
    {
        HoldLoads = false;
        var held = Asked.OfType<LoadEntity>().ToArray();
        Asked.RemoveAll(held.Contains);
        return Give(_ => Array.ForEach(held, Answer));
    }

    /// <summary>Answers the group that was held.</summary>
    public TestKernel Commit()
    {
        var held = Asked.OfType<AppendGroup>().Single();
        Asked.Remove(held);
        return Give(_ => Commit(held));
    }

    /// <summary>Answers the group that was held; then the process stands still before its turn ends.</summary>
    public TestKernel CommitAndStandStill(long milliseconds)
    {
        var held = Asked.OfType<AppendGroup>().Single();
        Asked.Remove(held);
        return Give(_ =>
        {
            Commit(held);
            Now = new Moment(Now.WallMilliseconds + milliseconds, Now.MonotonicMilliseconds + milliseconds);
        });
    }

    private void Answer(KernelEffect effect)
    {
        switch (effect)
        {
            case LoadEntity load when !HoldLoads:
                var rows = stored.Where(e => e.Entity == load.Entity)
                    .Select((e, i) => new EventRow(e, (ulong)i + 1, true));
                Kernel.Loaded(new EntityImage(load.Entity, null, [.. rows], [])
                {
                    Damage = Damage, Checkpoint = Checkpoints.GetValueOrDefault(load.Entity),
                }, load.History, Now);
                break;
            case ReadRows when FailRows:
                Kernel.RowsFailed(((ReadRows)effect).Request, Now);
                break;
            case ReadRows read:
                var asked = stored.Concat(Appended).Where(e => e.Entity == read.Entity)
                    .Select((e, i) => new LaneRow(0, new EventRow(e, (ulong)i + 1, true)))
                    .Where(r => r.Row.LocalSequence > Math.Max(read.After, RowsGone)).Take(read.MaxRows);
                Kernel.RowsRead(read.Request, new EntityRows(read.Entity, [.. asked]), Now);
                break;
            case AppendGroup when HoldGroups:
                Asked.Add(effect);
                break;
            case AppendGroup group:
                Commit(group);
                break;
            default:
                Asked.Add(effect);
                break;
        }
    }

    private void Commit(AppendGroup group)
    {
        if (FailGroups)
        {
            Kernel.Committed([.. group.Batches.Select(_ => new LaneCommit(CommitOutcome.Failed, 0, 0))], Now);
            return;
        }
        Batches.AddRange(group.Batches);
        foreach (var checkpoint in group.Batches.SelectMany(b => b.Checkpoints))
            Checkpoints[checkpoint.Entity] = checkpoint;
        Appended = [.. Appended, .. group.Batches.SelectMany(b => b.Rows).Select(r => r.Event)];
        Owed.AddRange(group.Batches.SelectMany(b => b.Owed));
        Conflicts.AddRange(group.Batches.SelectMany(b => b.Conflicts));
        Kernel.Committed([.. group.Batches.Select(Commit)], Now);
    }

    private LaneCommit Commit(LaneBatch batch)
    {
        var first = heads[batch.Lane] + 1;
        heads[batch.Lane] += (ulong)batch.Rows.Count;
        return new LaneCommit(CommitOutcome.Committed, batch.Rows.Count == 0 ? 0 : first, heads[batch.Lane]);
    }
}
