using System.Runtime.CompilerServices;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;
using Pelago.Tests.Simulation;

namespace Pelago.Tests.Earlier;

/// <summary>The group around a region of the earlier build, which lies outside.</summary>
internal sealed class Surroundings : ISurroundings
{
    private const int ComparePauseMilliseconds = 2_000;

    private readonly string[] members;
    private readonly SimulatedDisk disk;
    private readonly IReadOnlyDictionary<string, Delegate> outward;
    private readonly Dictionary<object, long> waiting = [];
    private int told;

    public Surroundings(string[] members, SimulatedDisk disk, IReadOnlyDictionary<string, Delegate> outward)
    {
        (this.members, this.disk, this.outward) = (members, disk, outward);
        Time = new VirtualTime((Func<long>)outward["now"], (Action<long, Action>)outward["at"]);
        Network = new SimulatedNetwork((Action<string>)outward["dial"]);
        disk.Written = _ => Tell();
    }

    public VirtualTime Time { get; }

    public SimulatedNetwork Network { get; }

    /// <summary>Every transaction of the disk.</summary>
    public IReadOnlyList<DiskWrite> Log => LogOf(disk);

    public SimulatedLink Link(SimulatedRegion region, long number, string peer) => new(region, number, peer, outward);

    /// <summary>Who is answered under which number.</summary>
    public void Waits(long number, EntityRequest request) => waiting.Add(request, number);

    // Small snapshots and little memory, so that what one build stored is read by the other.
    public KernelOptions Options(string region, Incarnation session, ulong seed) => new()
    {
        Region = region, Members = members, Session = session, Seed = seed, Voters = [],
        CompareMilliseconds = ComparePauseMilliseconds, SnapshotRows = 10, EntityMemoryBytes = 20_000,
    };

    public void Entered(SimulatedRegion region)
    {
        Follow(region);
        ((Action)outward["entered"])();
    }

    public void Answered(SimulatedRegion region, object request, RequestResult result)
    {
        if (!waiting.Remove(request, out var number))
            throw new InvalidOperationException($"{region.Name} answered a request twice.");
        ((Action<long, byte[]>)outward["answered"])(number, AnswersOut.Answer((EntityRequest)request, result));
    }

    public void Started(SimulatedRegion region, JournalIdentity identity)
    {
        Follow(region);
        Tell();
        ((Action<string>)outward["started"])(identity.Continuity.ToString());
    }

    public void Ended(SimulatedRegion region, ProbeCounts counts, bool clean)
    {
        Tell();
        waiting.Clear();
        ((Action<bool>)outward["ended"])(clean);
    }

    public void Run(SimulatedRegion region, int life, RunEffects run)
        => throw new InvalidOperationException("Types of these regions have no effects.");

    public void Asked(SimulatedRegion region, int life, AskReceived asked)
        => throw new InvalidOperationException("Types of these regions have no primary.");

    public void Failed(SimulatedRegion region, ServiceCodeFailed failed) => Say(region, failed.Error.ToString());

    public void Alarmed(SimulatedRegion region, Alarm alarm)
        => ((Action<string, string>)outward["alarmed"])(alarm.Kind.ToString(), alarm.Text);

    public void Inspect(SimulatedRegion region) => ((Action)outward["inspect"])();

    public void Say(SimulatedRegion region, string what)
    {
        Tell(); // what begins a life says so
        ((Action<string>)outward["say"])(what);
    }

    // Whatever became durable since, before anybody hears of it.
    private void Tell()
    {
        for (; told < Log.Count; told++)
            ((Action<byte[]>)outward["written"])(JournalOut.Write(Log[told]));
    }

    // What the world has set for this region.
    private void Follow(SimulatedRegion region)
    {
        var set = ((Func<long[]>)outward["settings"])();
        (region.ClockOffMilliseconds, disk.Full) = (set[0], set[1] > 0);
        (region.CrashBeforeWritePerMille, region.CrashAfterWritePerMille) = ((int)set[2], (int)set[3]);
        region.LoadFailurePerMille = (int)set[4];
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "log")]
    private static extern ref List<DiskWrite> LogOf(SimulatedDisk disk);
}
