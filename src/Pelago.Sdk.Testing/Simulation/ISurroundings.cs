using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>What a simulated region needs of the group around it. There are two: the <see cref="PelagoWorld"/> of a
/// user's test, and the group of Pelago's own simulator, whose oracles watch every step.</summary>
internal interface ISurroundings
{
    /// <summary>Time.</summary>
    VirtualTime Time { get; }

    /// <summary>The ways to the other regions.</summary>
    SimulatedNetwork Network { get; }

    /// <summary>Options of the kernel of a process that starts.</summary>
    KernelOptions Options(string region, Incarnation session, ulong seed);

    /// <summary>A kernel was given an input.</summary>
    void Entered(SimulatedRegion region);

    /// <summary>A request is answered.</summary>
    void Answered(SimulatedRegion region, object request, RequestResult result);

    /// <summary>A process has started on what the disk holds.</summary>
    void Started(SimulatedRegion region, JournalIdentity identity);

    /// <summary>A process has ended.</summary>
    /// <param name="counts">What its kernel has counted.</param>
    /// <param name="clean">Whether the journal was closed.</param>
    void Ended(SimulatedRegion region, ProbeCounts counts, bool clean);

    /// <summary>Effects of a final event are due; <see cref="InstanceKernel.EffectsDone"/> answers.</summary>
    /// <param name="life">The life of the process that asks.</param>
    void Run(SimulatedRegion region, int life, RunEffects run);

    /// <summary>A peer asks for what the region is the primary of; <see cref="InstanceKernel.Answer"/>
    /// answers.</summary>
    /// <param name="life">The life of the process that is asked.</param>
    void Asked(SimulatedRegion region, int life, AskReceived asked);

    /// <summary>Code of the tested service threw.</summary>
    void Failed(SimulatedRegion region, ServiceCodeFailed failed);

    /// <summary>A kernel has said something that a person should know.</summary>
    void Alarmed(SimulatedRegion region, Alarm alarm);

    /// <summary>Called every half second of a region's time: a moment to look at it.</summary>
    void Inspect(SimulatedRegion region);

    /// <summary>Something happens outside the protocol's normal course.</summary>
    void Say(SimulatedRegion region, string what);
}
