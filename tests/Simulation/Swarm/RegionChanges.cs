using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Somebody who changes which regions entities are for, in whichever region takes it.</summary>
internal sealed class RegionChanges(SimulatedGroup group, Workload workload, Dice dice)
{
    private readonly EntityKey[] entities = [.. workload.Entities.Where(e => e.Type == TestTypes.Parcel.Name)];
    private int operations = 1_000_000;

    /// <summary>Goes on until the workload is over; then one entity in two is opened to every region.</summary>
    public void Begin()
    {
        group.Oracles.Book.RegionTypes.Add(TestTypes.Parcel.Name);
        Plan();
    }

    /// <summary>Opens some, in whichever region may.</summary>
    public void End()
    {
        foreach (var entity in entities.Where(_ => dice.Chance(500)))
        {
            foreach (var region in group.Regions)
                Submit(region, entity, EntityFilter.None);
        }
    }

    private void Plan() => group.Time.After(dice.Between(50, 1_500), () =>
    {
        if (workload.Over)
            return;
        string[] chosen = [.. group.Members.Where(_ => dice.Chance(500))];
        string[] others = [.. group.Members.Where(_ => dice.Chance(250))];
        var rule = dice.Pick([0, 1, 2, 3]) switch
        {
            0 => EntityFilter.None,
            1 => EntityFilter.None.Except(chosen),
            2 when chosen.Length > 0 => EntityFilter.None.Only(chosen),
            _ when chosen.Length > 0 => EntityFilter.None.Only(chosen).Except(others),
            _ => EntityFilter.None.Except(others),
        };
        Submit(dice.Pick(group.Regions), dice.Pick(entities), rule);
        Plan();
    });

    // Many are refused: a region that is left out changes nothing, and none leaves itself out.
    private void Submit(SimulatedRegion region, EntityKey entity, EntityFilter rule)
    {
        if (!region.Up)
            return;
        var key = ++operations % 2 == 0 ? $"r{operations}" : "";
        group.Submit(region, new Operation(entity, [$"{operations}:rule"], key) { Regions = rule });
    }
}
