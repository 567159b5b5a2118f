using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>A group in which a test says what happens, one thing after another. The oracles watch as in the
/// swarm.</summary>
internal sealed class Scene
{
    private int operations;

    public Scene(
        int regions, Func<KernelOptions, KernelOptions>? adjust = null, bool start = true, bool effects = false,
        bool compacts = false, Func<string, IReadOnlyDictionary<string, IEntityType>>? typesOf = null)
    {
        Group = new SimulatedGroup(7, regions, adjust, effects, compacts, typesOf);
        if (start)
            Group.Start();
    }

    public SimulatedGroup Group { get; }

    public SimulatedRegion A => Group[0];

    public SimulatedRegion B => Group[1];

    public SimulatedRegion C => Group[2];

    public SimulatedRegion D => Group[3];

    public List<EntityKey> Entities { get; } = [];

    public static EntityKey Diary(string id = "d") => new("diary", id);

    /// <summary>Submits and waits for the answer.</summary>
    public RequestResult Write(SimulatedRegion at, EntityKey entity, string body = "note", string key = "",
        int lines = 1)
    {
        return Write(at, Operation(entity, body, key, lines));
    }

    private RequestResult Write(SimulatedRegion at, Operation operation)
    {
        var result = Begin(at, operation);
        Group.RunUntil(() => result.Value is not null, 10_000, pollMilliseconds: 1)
            .ShouldBeTrue($"{at.Name} did not answer");
        return result.Value!.Value;
    }

    /// <summary>Writes and demands that it is acknowledged.</summary>
    public WritePoint Done(SimulatedRegion at, EntityKey entity, string body = "note", string key = "", int lines = 1)
    {
        var result = Write(at, entity, body, key, lines);
        result.Failure.ShouldBeNull();
        return result.Points[0];
    }

    /// <summary>Writes what may have been written before, and demands that it is acknowledged.</summary>
    public void Done(SimulatedRegion at, Operation operation) => Write(at, operation).Failure.ShouldBeNull();

    /// <summary>Submits and lets the test go on.</summary>
    public Answer Begin(SimulatedRegion at, Operation operation)
    {
        if (!Entities.Contains(operation.Entity))
            Entities.Add(operation.Entity);
        var answer = new Answer();
        Group.Submit(at, operation, (_, result) => answer.Value = result);
        return answer;
    }

    public Operation Operation(EntityKey entity, string body = "note", string key = "", int lines = 1) => new(entity,
        [.. Enumerable.Range(0, lines).Select(_ => string.Create(CultureInfo.InvariantCulture,
            $"{++operations}:{body}"))],
        key);

    /// <summary>Reads and waits for the answer.</summary>
    public RequestResult TryRead(
        SimulatedRegion at, EntityKey entity, ReadCondition? condition = null, long patienceMilliseconds = 5_000)
    {
        RequestResult? answer = null;
        Group.Read(at, entity, condition ?? ReadCondition.None, patienceMilliseconds, (_, result) => answer = result);
        Group.RunUntil(() => answer is not null, patienceMilliseconds + 5_000, pollMilliseconds: 1)
            .ShouldBeTrue($"{at.Name} did not answer");
        return answer!.Value;
    }

    public EntityView Read(SimulatedRegion at, EntityKey entity, ReadCondition? condition = null)
    {
        var result = TryRead(at, entity, condition);
        result.Failure.ShouldBeNull();
        return (EntityView)result.Value!;
    }

    /// <summary>What is durable of an entity, in the order of the journal.</summary>
    public IReadOnlyList<EventRecord> Events(SimulatedRegion at, EntityKey entity)
        => Group.Oracles.Of(at).Events(entity);

    /// <summary>What is durable of an entity, as text.</summary>
    public string[] Lines(SimulatedRegion at, EntityKey entity) => [.. Events(at, entity).Select(EventBook.Text)];

    /// <summary>Hands a region a frame as if it came on its newest link to a peer.</summary>
    public static void Deliver(SimulatedRegion to, SimulatedRegion from, Frame frame)
    {
        var link = to.Links.Values.Select(l => l.End).Where(e => e.Dialled == from.Name).MaxBy(e => e.Number)!;
        to.Enter(to.Life, (kernel, now) => kernel.Received(link.Number, frame, now));
    }

    public bool Knows(SimulatedRegion at, WritePoint point)
        => Group.Oracles.Of(at).Seen(point.Entity)[point.Origin] >= point.Sequence;

    public void RunUntil(Func<bool> condition, string what, long limitMilliseconds = 30_000)
        => Group.RunUntil(condition, limitMilliseconds, pollMilliseconds: 1).ShouldBeTrue($"waited for: {what}");

    /// <summary>Mends the network, starts what is down, and demands that all agree.</summary>
    public void Converge()
    {
        Group.Network.Heal();
        Group.Start();
        Convergence.Demand(Group, Entities);
    }

    internal sealed class Answer
    {
        public RequestResult? Value { get; set; }
    }
}
