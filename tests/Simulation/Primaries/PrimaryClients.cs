using System.Globalization;
using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Clients that write and read entities whose primary moves, anywhere, and people who ask regions to become
/// the primary. What they ask another region for is carried out here, as a service would.</summary>
internal sealed class PrimaryClients
{
    private const string Command = "append";
    private readonly SimulatedGroup group;
    private readonly PrimaryOracle oracle;
    private readonly Dice dice;
    private readonly int thinkMilliseconds;
    private readonly List<PrimaryOperation> operations = [];
    private bool isOver;

    public PrimaryClients(SimulatedGroup group, PrimaryOracle oracle, Dice dice, IReadOnlyList<EntityKey> entities)
    {
        (this.group, this.oracle, this.dice, Entities) = (group, oracle, dice, entities);
        thinkMilliseconds = dice.Pick([20, 60, 200]);
        group.Serve = Serve;
    }

    public IReadOnlyList<EntityKey> Entities { get; }

    public IReadOnlyList<PrimaryOperation> Operations => operations;

    /// <summary>Failures that clients were told, by code.</summary>
    public SortedDictionary<string, int> Failures { get; } = new(StringComparer.Ordinal);

    /// <summary>Requests of people that were answered with success.</summary>
    public int Moved { get; private set; }

    public void Begin()
    {
        for (var i = dice.Between(3, 8); i > 0; i--)
            group.Time.After(dice.Between(0, 500), Act);
        if (dice.Chance(700))
            PlanRequest();
    }

    /// <summary>Nobody asks for anything more.</summary>
    public void End() => isOver = true;

    /// <summary>Every region has a write confirmed by a majority, or has not within the time.</summary>
    public void Demand(long limitMilliseconds)
    {
        foreach (var type in Entities.Select(e => e.Type).Distinct())
        {
            var entity = Entities.First(e => e.Type == type);
            var open = group.Regions.Select(r => (Region: r, Write: New(entity, PrimaryAsk.WriteMajority,
                string.Create(CultureInfo.InvariantCulture, $"k{operations.Count + 1}")))).ToList();
            foreach (var (region, write) in open)
                Persist(region, write);
            if (!group.RunUntil(() => open.TrueForAll(o => o.Write.IsDone), limitMilliseconds))
                throw new OracleException($"{limitMilliseconds / 1000} s after everything was mended: "
                    + string.Join(", ", open.Where(o => !o.Write.IsDone).Select(o => $"{o.Write} in {o.Region.Name}"))
                    + $"; {States(type)}");
        }
    }

    /// <summary>What each region knows.</summary>
    public string States(string type) => string.Join("; ", group.Regions.Select(r => $"{r.Name}: "
        + (r.Describe() is { } known ? $"{known.Primaries.FirstOrDefault(p => p.Type == type)}, votes in "
            + $"{known.Registers.StandingLanes} lanes, waits for {string.Join(' ', known.Registers.Awaited)}"
            : "does not run")));

    // Again and again until it is answered, as somebody would who has a key.
    private void Persist(SimulatedRegion region, PrimaryOperation write) => Send(region, write, 4_000, failure =>
    {
        if (failure is not null)
            group.Time.After(100, () => Persist(region, write));
    });

    private void PlanRequest() => group.Time.After(dice.Between(200, 6_000), () =>
    {
        if (isOver)
            return;
        var (at, type) = (dice.Pick(group.Serving), dice.Pick(Entities).Type);
        at.Enter(at.Life, (kernel, now) => kernel.Submit(new PrimaryRequest
        {
            Type = type, DeadlineMilliseconds = now.MonotonicMilliseconds + dice.Between(500, 10_000),
            Waiter = (Action<PrimaryResult>)(result => Moves(at, type, result)),
        }, now));
        PlanRequest();
    });

    private void Moves(SimulatedRegion at, string type, PrimaryResult result)
    {
        if (result.Failure is not null)
            return;
        Moved++;
        var known = at.Describe()!.Primaries.First(p => p.Type == type);
        if (known.Region != at.Name || !known.IsStarted || known.Epoch != result.Epoch)
            throw new OracleException($"{at.Name} says that it is the primary in epoch {result.Epoch}, and: {known}.");
    }

    private void Act()
    {
        if (isOver)
            return;
        var region = dice.Pick(group.Serving);
        if (!region.Up)
        {
            group.Time.After(dice.Between(50, 300), Act);
            return;
        }
        var entity = dice.Pick(Entities);
        if (dice.Chance(150))
        {
            group.Read(region, entity, ReadCondition.None, 2_000); // whatever is there
            Rest();
            return;
        }
        var ask = dice.Chance(300) ? PrimaryAsk.Read : dice.Chance(450) ? PrimaryAsk.WriteLocal
            : PrimaryAsk.WriteMajority;
        var key = ask != PrimaryAsk.Read && dice.Chance(400)
            ? string.Create(CultureInfo.InvariantCulture, $"k{operations.Count + 1}") : "";
        Try(region, New(entity, ask, key), attempts: dice.Below(4));
    }

    private PrimaryOperation New(EntityKey entity, PrimaryAsk ask, string key)
    {
        var operation = new PrimaryOperation(operations.Count + 1, entity, ask, key, group.Time.Now);
        operations.Add(operation);
        return operation;
    }

    private void Try(SimulatedRegion region, PrimaryOperation operation, int attempts)
        => Send(region, operation, dice.Pick([300L, 1_000, 5_000]), failure =>
        {
            if (failure is null || operation.Key.Length == 0 || attempts == 0 || isOver)
                Rest();
            else
                group.Time.After(dice.Between(1, 500), () => Try(dice.Pick(group.Serving), operation, attempts - 1));
        });

    private void Rest() => group.Time.After(dice.Between(1, thinkMilliseconds), Act);

    // Told once: the answer's failure, or that none came.
    private void Send(SimulatedRegion at, PrimaryOperation operation, long patience, Action<string?> done)
    {
        var isTold = false;
        group.Time.After(patience + 500, () => Tell("no answer")); // the process may die and never answer
        if (!at.Up)
            return;
        var write = operation.Line.Length == 0 ? null : new Operation(
            operation.Entity, [operation.Line], operation.Key, patience)
        {
            Level = operation.Ask == PrimaryAsk.WriteMajority ? Acknowledgement.Majority : Acknowledgement.Local,
            Handle = Append(operation.Line), Forwardable = new ForwardableCommand(Command,
                () => Encoding.UTF8.GetBytes(operation.Line), default, bytes => Encoding.UTF8.GetString(bytes.Span)),
        };
        EntityRequest request = write?.ToRequest(at.MonotonicMilliseconds) ?? (EntityRequest)new ReadRequest
        {
            Entity = operation.Entity, Project = view => view.State, AtPrimary = true,
            DeadlineMilliseconds = at.MonotonicMilliseconds + patience,
        };
        group.Give(at, request, (region, result) =>
        {
            if (result.Failure is null)
                Succeed(region, operation, write, (string)result.Value!);
            Tell(result.Failure?.Error.Code);
        });

        void Tell(string? failure)
        {
            if (isTold)
                return;
            isTold = true;
            if (failure is not null)
                Failures[failure] = Failures.GetValueOrDefault(failure) + 1;
            done(failure);
        }
    }

    private void Succeed(SimulatedRegion region, PrimaryOperation operation, Operation? write, string state)
    {
        operation.Succeed(state, group.Time.Now);
        if (operation.Ask != PrimaryAsk.WriteLocal)
            oracle.Answered(operation.Entity.Type);
        if (write is not null)
            group.Oracles.CheckLevel(region, write, operation.Line);
    }

    private static Func<object, CommandContext, Decision> Append(string line)
        => (_, _) => new Decision([line], state => state, null, []);

    // What a peer asks for. Under a lease: a read, and a write that a majority is to have.
    private void Serve(SimulatedRegion at, int life, AskReceived asked)
    {
        var ask = asked.Ask;
        if (!at.Up || at.Life != life)
            return;
        var deadline = at.MonotonicMilliseconds + ask.PatienceMilliseconds;
        EntityRequest request = ask.Command.Length == 0 ? new ReadRequest
        {
            Entity = ask.Entity, Condition = ask.Condition, Project = view => view, AtPrimary = true,
            CameFromPeer = true, DeadlineMilliseconds = deadline,
        } : new CommandRequest
        {
            Entity = ask.Entity, Command = Append(Encoding.UTF8.GetString(ask.Payload.Span)), CameFromPeer = true,
            Handle = (state, handle, context) => ((Func<object, CommandContext, Decision>)handle)(state, context),
            IdempotencyKey = ask.IdempotencyKey, Acknowledgement = ask.Acknowledgement, Condition = ask.Condition,
            EncodeReply = ask.IdempotencyKey.Length == 0 ? null : (reply, _) => Encoding.UTF8.GetBytes((string)reply!),
            DecodeReply = ask.IdempotencyKey.Length == 0 ? null : bytes => Encoding.UTF8.GetString(bytes.Span),
            DeadlineMilliseconds = deadline,
        };
        group.Give(at, request, (region, result) =>
        {
            var view = result.Value as EntityView;
            var answer = new AnswerFrame(ask.Request, Encoding.UTF8.GetBytes(
                view is null ? result.Value as string ?? "" : (string)view.State), result.Failure)
            {
                StateVersion = 1, Count = view?.Count ?? 0, Highest = view?.Highest ?? default,
                Points = [.. result.Points.Select(p => (p.Origin, p.Sequence, p.Position))],
            };
            if (result.Failure is null && (view is not null || ask.Acknowledgement == Acknowledgement.Majority))
                oracle.Answered(ask.Entity.Type);
            group.Time.After(0, () => region.Enter(life, (kernel, now) => kernel.Answer(asked.Link, answer, now)));
        });
    }
}
