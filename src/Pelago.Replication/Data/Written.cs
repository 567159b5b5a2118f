using System.Collections.Immutable;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A write that no later write has seen.</summary>
/// <param name="Dot">The event that wrote it.</param>
/// <param name="Time">The event's timestamp.</param>
/// <param name="Value">What was written; the type's default for a removal.</param>
/// <param name="IsRemoval">True when it took the value away.</param>
/// <param name="Settled">True when the event is final: whatever comes later has seen it.</param>
public readonly record struct Written<T>(Dot Dot, ulong Time, T? Value, bool IsRemoval, bool Settled)
{
    /// <summary>Its place in the total order: the last one wins.</summary>
    internal EventPlace Place => new(new HybridTimestamp(Time), Dot.Origin, Dot.Sequence);
}

/// <summary>Concurrent writes to one place, in the total order, so that the last one is the winner of "last writer
/// wins".</summary>
internal static class Writes
{
    /// <summary>The writes after one more, which replaces those that its author had seen.</summary>
    public static ImmutableArray<Written<T>> After<T>(
        this ImmutableArray<Written<T>> writes, T? value, bool isRemoval, in EventContext context)
        => writes.Without(context).Add(new(context.Dot, context.Timestamp.Value, value, isRemoval, false)).Sorted();

    /// <summary>Those that the author had not seen.</summary>
    public static ImmutableArray<Written<T>> Without<T>(this ImmutableArray<Written<T>> writes, EventContext context)
        => writes.IsDefaultOrEmpty ? [] : writes.RemoveAll(w => w.Settled || context.HasSeen(w.Dot));

    /// <summary>The writes with those within the horizon marked.</summary>
    public static ImmutableArray<Written<T>> Settle<T>(this ImmutableArray<Written<T>> writes, Horizon horizon)
    {
        for (var i = 0; i < writes.Length; i++)
        {
            if (!writes[i].Settled && horizon.Holds(writes[i].Dot))
                writes = writes.SetItem(i, writes[i] with { Settled = true });
        }
        return writes;
    }

    /// <summary>Never default, sorted: what was read from a file may be neither.</summary>
    public static ImmutableArray<Written<T>> Sorted<T>(this ImmutableArray<Written<T>> writes)
        => writes.IsDefaultOrEmpty ? [] : writes.Sort(static (a, b) => a.Place.CompareTo(b.Place));
}
