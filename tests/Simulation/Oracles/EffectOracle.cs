using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Carries out the effects of final events as a service would: each event of a deal sends a receipt, under the
/// effect's key, and is then told to be done, with a moment between in which the process may die. Judges that only the
/// region that wrote an event runs its effects, that what it is told to have become of the event is right and does not
/// change, and in the end that each event has one receipt that counts.</summary>
internal sealed class EffectOracle(SimulatedGroup group)
{
    private const string Name = "receipt";

    private readonly Dictionary<EventName, FinalVerdict> verdicts = [];

    /// <summary>Effects that were asked for, again and again where a process died.</summary>
    public int Runs { get; private set; }

    /// <summary>Effects begin and never end.</summary>
    public bool Hang { get; set; }

    /// <summary>What an event was said to have become; null before it was final.</summary>
    public FinalVerdict? VerdictOf(EventName name) => verdicts.TryGetValue(name, out var verdict) ? verdict : null;

    /// <summary>Receipts of a deal.</summary>
    public static EntityKey ReceiptsOf(EntityKey deal) => new(TestTypes.Receipt.Name, deal.Id);

    public void Run(SimulatedRegion at, int life, RunEffects run)
    {
        var (final, name) = (run.Final, EventName.Of(run.Final.Event));
        Runs++;
        if (final.Event.Origin.Region != at.Name)
            throw new OracleException($"{at.Name} runs the effects of {final.Event}, which it did not write.");
        if (verdicts.TryGetValue(name, out var before) && before != final.Verdict && !group.Oracles.SomethingWasLost)
            throw new OracleException($"{final.Event} was {before} for good and is {final.Verdict} now.");
        verdicts[name] = final.Verdict;
        if (!Hang)
            Attempt(at, life, run);
    }

    /// <summary>Waits until every event of these deals has its receipt, and demands that it has no second
    /// one.</summary>
    public void Demand(IReadOnlyList<EntityKey> deals, long limitMilliseconds)
    {
        string? wrong = null;
        if (!group.RunUntil(() => (wrong = Missing(deals)) is null, limitMilliseconds, pollMilliseconds: 500))
            throw new OracleException($"{limitMilliseconds / 1000} s after everything was mended: {wrong}.");
    }

    /// <summary>Looks at what has come of it once all regions are equal.</summary>
    public void Check(IReadOnlyList<EntityKey> deals)
    {
        var replica = group.Oracles.Of(group.Regions[0]);
        foreach (var deal in deals)
        {
            var lines = ReferenceFold.Lines(TestTypes.Receipt, replica.Events(ReceiptsOf(deal)));
            if (lines.GroupBy(KeyOf).FirstOrDefault(g => g.Count() > 1) is { } twice)
                throw new OracleException($"{twice.Key} has {twice.Count()} receipts that count.");
            if (group.Oracles.SomethingWasLost)
                continue;
            var events = replica.Events(deal);
            foreach (var e in events)
            {
                var right = ReferenceFold.Verdict(TestTypes.Deal, deal.Id, events, e);
                if (VerdictOf(EventName.Of(e)) != right || !lines.Contains(Line(e, right)))
                    throw new OracleException($"{e} is {right}, and its receipt says something else.");
            }
        }
    }

    private string? Missing(IReadOnlyList<EntityKey> deals)
    {
        foreach (var deal in deals)
        {
            foreach (var region in group.Regions.Select(group.Oracles.Of))
            {
                var keys = ReferenceFold.Lines(TestTypes.Receipt, region.Events(ReceiptsOf(deal))).Select(KeyOf)
                    .ToHashSet();
                if (region.Events(deal).FirstOrDefault(e => !keys.Contains(Key(e))) is { } missing)
                    return $"{region.Region} has no receipt of {missing} ({missing.Origin}, position "
                        + $"{missing.OriginPosition} in lane {deal.Lane})";
            }
        }
        return null;
    }

    private void Attempt(SimulatedRegion at, int life, RunEffects run)
        => group.Time.After(group.Dice.Between(0, 20), () => Send(at, life, run));

    private void Send(SimulatedRegion at, int life, RunEffects run)
    {
        if (at.Life != life || !at.Up)
            return;
        var e = run.Final.Event;
        var receipt = new Operation(ReceiptsOf(e.Entity), [Line(e, run.Final.Verdict)], Key(e));
        group.Submit(at, receipt, (_, result) =>
        {
            if (result.Failure is null)
                group.Time.After(group.Dice.Between(0, 50), () => at.Enter(life, (k, now) => k.EffectsDone(run, now)));
            else
                group.Time.After(200, () => Attempt(at, life, run));
        });
    }

    private static string Key(EventRecord e) => FinalEffect.KeyOf(e, Name);

    private static string Line(EventRecord e, FinalVerdict verdict) => $"{Key(e)}:{verdict}";

    private static string KeyOf(string line) => line[..line.LastIndexOf(':')];
}
