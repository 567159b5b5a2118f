using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>Counter that regions raise and lower concurrently, and that can be reset to what the reset had not seen:
/// what a map holds as a counter.</summary>
/// <remarks>Immutable. Increments that are final are one sum, since whatever resets the counter later has seen them;
/// the others are kept one by one, so that a reset takes back exactly those that it saw.</remarks>
public sealed class ResettableCounter : IMapValue<ResettableCounter>
{
    /// <summary>From its JSON form.</summary>
    [JsonConstructor]
    public ResettableCounter(Int128 settled, ImmutableArray<CounterIncrement> recent)
        => (Settled, Recent) = (settled, recent.IsDefault ? [] : recent.Sort(static (a, b) => a.Dot.CompareTo(b.Dot)));

    /// <summary>What one event added, which may be negative.</summary>
    public readonly record struct CounterIncrement(Dot Dot, Int128 Delta);

    /// <inheritdoc />
    public static ResettableCounter Empty { get; } = new(0, []);

    /// <summary>Sum of the final increments; part of the JSON form.</summary>
    public Int128 Settled { get; }

    /// <summary>The other increments, sorted; part of the JSON form.</summary>
    public ImmutableArray<CounterIncrement> Recent { get; }

    /// <summary>The counter's value; never wraps, saturates at the limits of 64 bits.</summary>
    [JsonIgnore]
    public long Value
    {
        get
        {
            var sum = Settled;
            foreach (var increment in Recent)
                sum += increment.Delta;
            return (long)Int128.Clamp(sum, long.MinValue, long.MaxValue);
        }
    }

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsEmpty => Settled == 0 && Recent.IsEmpty;

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsSettled => Recent.IsEmpty;

    /// <summary>The counter after an increment, or a decrement when negative.</summary>
    public ResettableCounter Add(long delta, in EventContext context)
    {
        for (var i = Recent.Length - 1; i >= 0; i--)
        {
            if (Recent[i].Dot == context.Dot)
                return new(Settled, Recent.SetItem(i, new CounterIncrement(context.Dot, Recent[i].Delta + delta)));
        }
        return new(Settled, Recent.Add(new CounterIncrement(context.Dot, delta)));
    }

    /// <inheritdoc />
    public ResettableCounter Reset(in EventContext context)
    {
        var seen = context;
        return new(0, Recent.RemoveAll(i => seen.HasSeen(i.Dot)));
    }

    /// <inheritdoc />
    public ResettableCounter Settle(Horizon horizon)
    {
        var sum = Settled;
        foreach (var increment in Recent)
            sum += horizon.Holds(increment.Dot) ? increment.Delta : 0;
        return new(sum, Recent.RemoveAll(i => horizon.Holds(i.Dot)));
    }
}
