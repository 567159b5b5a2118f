using System.Globalization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Clients that read and change registers while voters come and go: each register has one history all the
/// same.</summary>
internal sealed class RegisterClients(SimulatedGroup group, Dice dice)
{
    private static readonly EntityKey[] Registers = [.. Enumerable.Range(1, 3)
        .Select(n => new EntityKey("pelago.test", string.Create(CultureInfo.InvariantCulture, $"m{n}")))];

    private readonly List<RegisterOperation> operations = [];
    private bool over;

    public int Decisions => operations.Count(o => o.Result?.Outcome == RegisterOutcome.Decided);

    public void Begin()
    {
        for (var i = 0; i < 3; i++)
            group.Time.After(dice.Between(2_000, 5_000), Act);
    }

    /// <summary>Reads each register everywhere, and judges all that was seen.</summary>
    public void Check()
    {
        over = true;
        foreach (var region in group.Regions)
        {
            foreach (var register in Registers)
            {
                var read = Ask(region, register, null, () => { });
                if (!group.RunUntil(() => read.IsDone, 30_000) || read.Result!.Outcome != RegisterOutcome.Decided)
                    throw new OracleException($"{region.Name} cannot read {register}: {read}; {read.Result?.Failure}.");
            }
        }
        RegisterHistory.Check(operations);
    }

    private void Act()
    {
        if (over)
            return;
        SimulatedRegion[] up = [.. group.Regions.Where(r => r.Up)];
        if (up.Length == 0)
        {
            group.Time.After(300, Act);
            return;
        }
        var register = dice.Pick(Registers);
        var known = operations.Where(o => o.Register == register && o.Result?.Value is not null)
            .Select(o => o.Result!.Value!.Version).DefaultIfEmpty().Max();
        var next = false;
        Ask(dice.Pick(up), register, dice.Chance(400) ? null : known, GoOn);
        group.Time.After(4_000, GoOn); // the process may die and never answer

        void GoOn()
        {
            if (!next)
                group.Time.After(dice.Between(10, 400), Act);
            next = true;
        }
    }

    private RegisterOperation Ask(SimulatedRegion at, EntityKey register, ulong? expected, Action answered)
    {
        var operation = new RegisterOperation(operations.Count + 1, register, expected, group.Time.Now);
        operations.Add(operation);
        var change = expected is { } version ? new RegisterChange(version, operation.Content) : null;
        SimulatedGroup.Decide(
            at, register, change, 20_000 - (over ? 0 : dice.Between(14_000, 19_000)), result =>
            {
                operation.Take(result, group.Time.Now);
                answered();
            });
        return operation;
    }
}
