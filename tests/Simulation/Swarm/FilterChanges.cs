using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Somebody who deploys filters: every few seconds another rule, in one region at first.</summary>
internal sealed class FilterChanges(SimulatedGroup group, Dice dice)
{
    private uint epoch;
    private bool isOver;

    /// <summary>Declares the first rule, or none; then goes on until <see cref="End"/>.</summary>
    public void Begin()
    {
        group.Oracles.Book.FilteredTypes.Add(TestTypes.Letter.Name);
        if (dice.Chance(700))
            Declare();
        Plan();
    }

    /// <summary>Declares the last rule, in every region.</summary>
    public void End(Action restart)
    {
        isOver = true;
        Declare(everywhere: dice.Chance(600));
        restart();
    }

    private void Plan() => group.Time.After(dice.Between(500, 4_000), () =>
    {
        if (isOver)
            return;
        Declare();
        var region = dice.Pick(group.Regions);
        if (dice.Chance(500))
            region.Kill();
        else
            region.Stop();
        group.Time.After(dice.Pick([0, 200, 2_000]), region.Start);
        Plan();
    });

    // Some regions, at least one, by including or by excluding the others.
    private void Declare(bool everywhere = false)
    {
        var rule = EntityFilter.InEpoch(++epoch);
        string[] chosen = [.. group.Members.Where(_ => dice.Chance(500))];
        if (!everywhere && chosen.Length > 0 && dice.Chance(500))
            rule = rule.Only(chosen);
        else if (!everywhere && chosen.Length < group.Members.Count)
            rule = rule.Except(chosen);
        group.Declare(TestTypes.Letter.For(rule));
    }
}
