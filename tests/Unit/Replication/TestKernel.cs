using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>A kernel of region a, driven input by input: every load is answered with an entity that has these events,
/// every group is committed, and what else it asks for is kept.</summary>
internal sealed class TestKernel
{
    private readonly ulong[] heads = new ulong[EntityKey.Lanes];
    private readonly IReadOnlyList<EventRecord> stored;

    public TestKernel(string[] members, Continuity continuity, params EventRecord[] stored)
        : this(members, continuity, [], stored)
    {
    }

    public TestKernel(
        string[] members, Continuity continuity, IReadOnlyList<ConflictRecord> forks, params EventRecord[] stored)
    {
        this.stored = stored;
        foreach (var e in stored)
            heads[e.Entity.Lane] = Math.Max(heads[e.Entity.Lane], e.OriginPosition);
        Kernel = new InstanceKernel(
            new KernelOptions { Region = "a", Members = members, Session = new Incarnation(50), Seed = 1 },
            new Dictionary<string, IEntityType> { ["text"] = Words() },
            new JournalIdentity(Guid.Empty, A.Incarnation, continuity, "The process had not stopped cleanly."),
            [.. heads.Select((head, lane) => new LaneState(lane, 1, head, head, [], [])
            {
                Forks = [.. forks.Where(f => f.Entity.Lane == lane)],
            })]);
    }

    public static string[] Three => ["a", "b", "c"];

    public InstanceKernel Kernel { get; }

    /// <summary>What it asked for and was not answered here.</summary>
    public List<KernelEffect> Asked { get; } = [];

    public IEnumerable<EventRecord> Appended { get; private set; } = [];

    public List<Owed> Owed { get; } = [];

    public List<ConflictRecord> Conflicts { get; } = [];

    /// <summary>Loads are not answered while set.</summary>
    public bool HoldLoads { get; set; }

    /// <summary>Groups fail while set.</summary>
    public bool FailGroups { get; set; }

    /// <summary>What is wrong with every entity that is loaded.</summary>
    public Failure? Damage { get; init; }

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
    public TestKernel Linked(long link, string peer, ulong holds)
    {
        var hello = new HelloFrame(peer, Guid.Empty, new Incarnation(60), new Origin(peer, new Incarnation(1)),
            new Origin(peer, new Incarnation(1)), 1, new ulong[EntityKey.Lanes],
            holds == 0 ? [] : [new LaneHolding(Entity.Lane, A, holds)]);
        return Give(k =>
        {
            k.LinkOpened(link, peer, dialled: true, Now);
            k.Received(link, hello, Now);
        });
    }

    public TestKernel Write(string text = "word") => Give(k => k.Submit(new CommandRequest
    {
        Entity = Entity, Handle = (_, _) => new Decision([text], _ => null, null, []), DeadlineMilliseconds = 9_000,
    }, Now));

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

    private void Answer(KernelEffect effect)
    {
        switch (effect)
        {
            case LoadEntity load when !HoldLoads:
                var rows = stored.Where(e => e.Entity == load.Entity)
                    .Select((e, i) => new EventRow(e, (ulong)i + 1, true));
                Kernel.Loaded(
                    new EntityImage(load.Entity, null, [.. rows], []) { Damage = Damage }, load.History, Now);
                break;
            case AppendGroup group when FailGroups:
                Kernel.Committed([.. group.Batches.Select(_ => new LaneCommit(CommitOutcome.Failed, 0, 0))], Now);
                break;
            case AppendGroup group:
                Appended = [.. Appended, .. group.Batches.SelectMany(b => b.Rows).Select(r => r.Event)];
                Owed.AddRange(group.Batches.SelectMany(b => b.Owed));
                Conflicts.AddRange(group.Batches.SelectMany(b => b.Conflicts));
                Kernel.Committed([.. group.Batches.Select(Commit)], Now);
                break;
            default:
                Asked.Add(effect);
                break;
        }
    }

    private LaneCommit Commit(LaneBatch batch)
    {
        var first = heads[batch.Lane] + 1;
        heads[batch.Lane] += (ulong)batch.Rows.Count;
        return new LaneCommit(CommitOutcome.Committed, batch.Rows.Count == 0 ? 0 : first, heads[batch.Lane]);
    }
}
