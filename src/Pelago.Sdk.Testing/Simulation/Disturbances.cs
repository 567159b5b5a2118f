namespace Pelago.Sdk.Testing;

/// <summary>Faults that happen at random times and are mended after a while.</summary>
internal sealed class Disturbances(ISurroundings group, IReadOnlyList<string> members, Dice dice)
{
    private readonly List<Action> mending = [];

    /// <summary>When set nothing more goes wrong; what has is mended in its time.</summary>
    public bool Over { get; set; }

    /// <summary>Ends everything at once: what went wrong is mended now.</summary>
    public void End()
    {
        Over = true;
        var open = mending.ToArray();
        mending.Clear();
        foreach (var mend in open)
            mend();
    }

    /// <summary>Something to be mended at the end.</summary>
    public void AtEnd(Action mend) => mending.Add(mend);

    /// <summary>Makes something happen again and again.</summary>
    public void Often(int meanMilliseconds, Action happen)
        => group.Time.After(dice.Between(100, 2 * meanMilliseconds), () =>
        {
            if (Over)
                return;
            happen();
            Often(meanMilliseconds, happen);
        });

    /// <summary>Every way to and from a region.</summary>
    public (string From, string To)[] Around(string region)
        => [.. members.Where(m => m != region).SelectMany(m => new[] { (region, m), (m, region) })];

    /// <summary>One way between two regions; none in a group of one.</summary>
    public (string From, string To)[] OneWay()
    {
        if (members.Count < 2)
            return [];
        var from = dice.Pick(members);
        var to = dice.Pick([.. members.Where(m => m != from)]);
        return [(from, to)];
    }

    /// <summary>Cuts ways for a while.</summary>
    public void Cut((string From, string To)[] ways)
    {
        foreach (var (from, to) in ways)
            group.Network.Path(from, to).Cut = true;
        MendAfter(dice.Between(50, 15_000), () =>
        {
            foreach (var (from, to) in ways)
                group.Network.Path(from, to).Cut = false;
        });
    }

    /// <summary>Makes one way slow for a while.</summary>
    public void Slow()
    {
        foreach (var (from, to) in OneWay())
        {
            var path = group.Network.Path(from, to);
            var before = path.DelayMilliseconds;
            path.DelayMilliseconds = (int)dice.Between(300, 2_500);
            MendAfter(dice.Between(500, 10_000), ()
                => path.DelayMilliseconds = Math.Min(before, path.DelayMilliseconds));
        }
    }

    /// <summary>Ends a process as SIGKILL does, and starts it after a while.</summary>
    public void Kill(SimulatedRegion region)
    {
        region.Kill();
        Revive(region);
    }

    /// <summary>Stops a process cleanly, and starts it after a while.</summary>
    public void Restart(SimulatedRegion region)
    {
        region.Stop();
        Revive(region);
    }

    /// <summary>Starts a process after a while.</summary>
    public void Revive(SimulatedRegion region)
        => MendAfter(dice.Between(30, dice.Chance(200) ? 15_000 : 1_500), region.Start);

    private void MendAfter(long milliseconds, Action mend)
    {
        mending.Add(mend);
        group.Time.After(milliseconds, () =>
        {
            if (mending.Remove(mend))
                mend();
        });
    }
}
