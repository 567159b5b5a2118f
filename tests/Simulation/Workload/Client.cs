using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>A user: one request at a time, a session token that travels with it from region to region, retries with the
/// same idempotency key where an answer did not come.</summary>
internal sealed class Client
{
    private readonly SimulatedGroup group;
    private readonly Workload workload;
    private readonly Dice dice;
    private readonly Dictionary<EntityKey, List<WritePoint>> token = [];
    private SimulatedRegion region;
    private long turn;

    public Client(SimulatedGroup group, Workload workload, Dice dice)
    {
        (this.group, this.workload, this.dice) = (group, workload, dice);
        region = dice.Pick(group.Serving);
    }

    public void Begin() => group.Time.After(dice.Between(0, 200), Act);

    private void Act()
    {
        if (workload.Over)
            return;
        turn++;
        if (!region.Up || dice.Chance(100))
            region = dice.Pick(group.Serving);
        if (!region.Up)
        {
            Rest(dice.Between(50, 300));
            return;
        }
        if (dice.Chance(workload.ReadPerMille))
            Read();
        else
            Write(workload.Next(dice), retries: dice.Below(4));
    }

    private void Write(Operation operation, int retries)
    {
        var mine = turn;
        // The process may die, or stand still, and never answer.
        group.Time.After(operation.PatienceMilliseconds + 500, () => GoOn(null));
        group.Submit(region, operation, (_, result) => GoOn(result));

        void GoOn(RequestResult? result)
        {
            if (turn != mine)
                return;
            turn++;
            if (result is { Failure: null } done)
            {
                workload.Done++;
                foreach (var point in done.Points)
                    Remember(point);
            }
            else if (operation.Key.Length > 0 && retries > 0 && !workload.Over)
            {
                workload.Retried++;
                if (dice.Chance(500))
                    region = dice.Pick(group.Serving);
                group.Time.After(dice.Between(1, 400), () => Again(operation, retries - 1));
                return;
            }
            else if (result is null)
            {
                workload.Unanswered++;
            }
            Rest(dice.Between(1, workload.ThinkMilliseconds));
        }
    }

    private void Again(Operation operation, int retries)
    {
        if (workload.Over)
            return;
        if (region.Up)
            Write(operation, retries);
        else
            Rest(100);
    }

    private void Read()
    {
        var mine = turn;
        var entity = token.Count > 0 && dice.Chance(600) ? dice.Pick([.. token.Keys]) : dice.Pick(workload.Entities);
        var condition = dice.Chance(600) && token.TryGetValue(entity, out var points)
            ? Condition(points, collapsed: dice.Chance(300)) : ReadCondition.None;
        const long Patience = 3_000;
        group.Time.After(Patience + 500, () => GoOn(null));
        group.Read(region, entity, condition, Patience, (_, result) => GoOn(result));

        void GoOn(RequestResult? result)
        {
            if (turn != mine)
                return;
            turn++;
            if (result is { Failure: null } done)
            {
                foreach (var point in done.Points)
                    Remember(point);
            }
            Rest(dice.Between(1, workload.ThinkMilliseconds));
        }
    }

    private void Rest(long milliseconds) => group.Time.After(milliseconds, Act);

    private void Remember(WritePoint point)
    {
        if (!token.TryGetValue(point.Entity, out var points))
            token[point.Entity] = points = [];
        points.RemoveAll(p => p.Origin.Equals(point.Origin) && p.Sequence < point.Sequence);
        if (!points.Any(p => p.Origin.Equals(point.Origin)))
            points.Add(point);
    }

    private static ReadCondition Condition(List<WritePoint> points, bool collapsed) => collapsed
        ? new ReadCondition([], [.. points.Select(p => new Frontier(p.Origin, p.Position, p.Position))])
        : new ReadCondition([.. points.Select(p => new VersionVector.Slot(p.Origin, p.Sequence))], []);
}

/// <summary>What the clients of a run do.</summary>
internal sealed class Workload
{
    private int operations;

    public Workload(Dice dice, int entitiesPerType, IReadOnlyList<string> types)
    {
        // In one lane they share frontiers: what waits for one entity then has rows of others beyond it.
        var oneLane = dice.Chance(500) ? (int?)dice.Below(EntityKey.Lanes) : null;
        Entities = [.. types.Order(StringComparer.Ordinal).SelectMany(type =>
            Enumerable.Range(1, 10_000)
                .Select(n => new EntityKey(type, type[..1] + n.ToString(CultureInfo.InvariantCulture)))
                .Where(entity => oneLane is null || entity.Lane == oneLane).Take(entitiesPerType))];
        ThinkMilliseconds = dice.Pick([30, 100, 400]);
        ReadPerMille = dice.Pick([100, 250, 500]);
        KeyPerMille = dice.Pick([0, 200, 600]);
        BatchPerMille = dice.Pick([0, 100, 400]);
    }

    public IReadOnlyList<EntityKey> Entities { get; }

    public int ThinkMilliseconds { get; }

    public int ReadPerMille { get; }

    public int KeyPerMille { get; }

    public int BatchPerMille { get; }

    /// <summary>Draws levels of acknowledgement above the local one; null when no command asks for any.</summary>
    public Dice? Levels { get; init; }

    /// <summary>Regions of the group.</summary>
    public int Members { get; init; } = 1;

    public bool Over { get; set; }

    public int Done { get; set; }

    public int Retried { get; set; }

    public int Unanswered { get; set; }

    public Operation Next(Dice dice)
    {
        var operation = Draw(dice);
        return Levels?.Chance(500) != true ? operation : operation with
        {
            Level = Levels.Chance(500) ? Acknowledgement.Majority : Acknowledgement.Regions(1 + Levels.Below(Members)),
        };
    }

    private Operation Draw(Dice dice)
    {
        var entity = dice.Pick(Entities);
        if (entity.Type == BoardType.Name)
        {
            operations++;
            var own = dice.Chance(KeyPerMille) ? string.Create(CultureInfo.InvariantCulture, $"k{operations}") : "";
            return BoardType.Next(dice, entity, operations, own, dice.Pick([500L, 2_000, 5_000]));
        }
        var lines = new string[dice.Chance(BatchPerMille) ? 2 + dice.Below(4) : 1];
        for (var i = 0; i < lines.Length; i++)
            lines[i] = string.Create(CultureInfo.InvariantCulture, $"{++operations}:{Body(entity.Type, dice)}");
        var key = dice.Chance(KeyPerMille) ? string.Create(CultureInfo.InvariantCulture, $"k{operations}") : "";
        return new Operation(entity, lines, key, dice.Pick([500L, 2_000, 5_000]));
    }

    private static string Body(string type, Dice dice) => type switch
    {
        "account" or "stock" or "deal" => dice.Between(-60, 50).ToString(CultureInfo.InvariantCulture),
        "book" => (dice.Chance(500) ? "t" : "a") + dice.Below(1000).ToString(CultureInfo.InvariantCulture),
        _ => "note",
    };
}
