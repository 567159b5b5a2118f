using System.Numerics;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>Starts a check that replicas with the same events hold the same state, whatever the order of
/// arrival.</summary>
/// <example><code>
/// Convergence.Of&lt;Stock&gt;()
///     .Given(new StockChanged(5))
///     .Region("us-east-1", us =&gt; us.Sends(new ChangeStock(-1)).Writes(new StockChanged(2)))
///     .Region("eu-west-1", eu =&gt; eu.Sends(new ChangeStock(-3)))
///     .Check();
/// </code></example>
public static class Convergence
{
    /// <summary>A check of an entity type.</summary>
    /// <param name="id">The entity's id.</param>
    public static ConvergenceCheck<TState> Of<TState>(string id = "test") where TState : class, IEntity<TState>
        => new(id);
}

/// <summary>What a check looked at.</summary>
/// <param name="Events">Events that the regions wrote.</param>
/// <param name="Interleavings">Orders of arrival that causality permits.</param>
/// <param name="Checked">Orders that were looked at: all of them, unless the check was a sample.</param>
/// <param name="IsSample">True when there were more sets of events to compare than the limit, and only a seeded
/// sample of the orders was looked at.</param>
public sealed record ConvergenceReport(int Events, BigInteger Interleavings, BigInteger Checked, bool IsSample)
{
    /// <summary>One sentence.</summary>
    public override string ToString() => IsSample
        ? $"{Events} events converge in a sample of {Checked} of {Interleavings} orders of arrival."
        : $"{Events} events converge in all {Interleavings} orders of arrival.";
}

/// <summary>Replicas with the same events hold different states. The message shows the fewest events with which that
/// happens, and two orders of arrival.</summary>
public sealed class ConvergenceException : Exception
{
    internal ConvergenceException(string message, Divergence divergence) : base(message)
    {
        Events = [.. divergence.First.SelectMany(b => b).Select(e => $"{e.Origin.Region}#{e.Sequence}")];
        FirstOrder = Interleaving.Show(divergence.First);
        SecondOrder = Interleaving.Show(divergence.Second);
    }

    /// <summary>The events, as <c>region#number</c>.</summary>
    public IReadOnlyList<string> Events { get; }

    /// <summary>One order in which they arrive.</summary>
    public string FirstOrder { get; }

    /// <summary>Another one, which gives another state.</summary>
    public string SecondOrder { get; }
}
