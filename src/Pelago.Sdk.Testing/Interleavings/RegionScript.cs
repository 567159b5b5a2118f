using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>What one region does in a <see cref="ConvergenceCheck{TState}"/>, in order. It has seen the given events,
/// what it wrote itself, and what it was told to hear.</summary>
public sealed class RegionScript
{
    private readonly string region;
    private readonly List<Step> steps;

    internal RegionScript(string region, List<Step> steps) => (this.region, this.steps) = (region, steps);

    /// <summary>Writes events, each by a command of its own.</summary>
    public RegionScript Writes(params object[] events)
    {
        foreach (var e in events)
            steps.Add(new Step(region, [e], null, null));
        return this;
    }

    /// <summary>Writes events by one command: they arrive together.</summary>
    public RegionScript WritesTogether(params object[] events)
    {
        steps.Add(new Step(region, events, null, null));
        return this;
    }

    /// <summary>Runs a command on what the region has seen, and writes what it persists.</summary>
    public RegionScript Sends<TReply>(ICommand<TReply> command)
    {
        steps.Add(new Step(region, [], command, null));
        return this;
    }

    /// <summary>Receives everything that another region has written or heard so far in the check.</summary>
    public RegionScript Hears(string other)
    {
        steps.Add(new Step(region, [], null, other));
        return this;
    }
}

/// <summary>One thing that a region does.</summary>
internal sealed record Step(string Region, IReadOnlyList<object> Events, object? Command, string? Hears);
