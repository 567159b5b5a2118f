namespace Pelago.Sdk.Testing;

/// <content>What can be done to a world.</content>
public sealed partial class PelagoWorld
{
    private Disturbances? storm;

    /// <summary>The way from one region to another, with its delay and its faults, in this direction only.</summary>
    public NetworkPath Path(string from, string to)
    {
        if (from == to)
            throw new TestKitException($"There is no way from '{from}' to itself.");
        return group.Network.Path(Region(from).Name, Region(to).Name);
    }

    /// <summary>How long everything is under way between two regions, in each direction; 20 ms unless said
    /// otherwise.</summary>
    public void Latency(string a, string b, TimeSpan oneWay)
        => Path(a, b).DelayMilliseconds = Path(b, a).DelayMilliseconds = (int)oneWay.TotalMilliseconds;

    /// <summary>Cuts both directions between two regions: nothing arrives, and what was sent waits and comes late, as
    /// in a real partition.</summary>
    public void Cut(string a, string b)
    {
        CutOneWay(a, b);
        CutOneWay(b, a);
    }

    /// <summary>Cuts one direction.</summary>
    public void CutOneWay(string from, string to)
    {
        Path(from, to).Cut = true;
        group.Say($"{from} → {to} is cut");
    }

    /// <summary>Cuts a region off from all others.</summary>
    public void Isolate(string region)
    {
        foreach (var other in group.Members.Where(m => m != Region(region).Name))
            Cut(region, other);
    }

    /// <summary>Mends every way (delays stay as they are), and ends what <see cref="Storm"/> began.</summary>
    public void Heal()
    {
        storm?.End();
        storm = null;
        foreach (var path in group.Network.Paths)
            path.Mend();
        group.Say("every way is mended");
    }

    /// <summary>Mends both directions between two regions.</summary>
    public void Heal(string a, string b)
    {
        Path(a, b).Mend();
        Path(b, a).Mend();
        group.Say($"{a} ↔ {b} is mended");
    }

    /// <summary>The region's process dies as by SIGKILL: what was not durable is gone.</summary>
    public void Crash(string region) => Inner(region).Kill();

    /// <summary>The region's process stops cleanly.</summary>
    public void Stop(string region) => Inner(region).Stop();

    /// <summary>Starts a region on its journal; one that runs is stopped cleanly first.</summary>
    public void Restart(string region)
    {
        Inner(region).Stop();
        Inner(region).Start();
    }

    /// <summary>For a while, things go wrong at times that the seed decides, and are mended again. The test goes on
    /// meanwhile: requests may fail, because regions come and go. Ends with the time, with <see cref="Heal()"/>, or
    /// with the world.</summary>
    public void Storm(TimeSpan time, WorldFaults faults = WorldFaults.All)
    {
        storm?.End();
        var dice = group.Dice.Fork();
        var ours = storm = new Disturbances(group, group.Members, dice);
        group.Say($"a storm begins: {faults}");
        WorldStorm.Begin(group, ours, dice, faults);
        group.Time.After((long)time.TotalMilliseconds, () =>
        {
            if (storm == ours)
                Heal();
        });
    }

    private SimulatedRegion Inner(string region)
        => group.Regions.FirstOrDefault(r => r.Name == region) ?? throw NoRegion(region);
}
