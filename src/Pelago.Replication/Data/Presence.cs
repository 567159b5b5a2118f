using System.Collections.Immutable;

namespace Pelago.Replication;

/// <summary>Why something is there: the newest operations that put it there, none of which a removal has seen. Those
/// within the horizon are only remembered as <see cref="Settled"/>, because whatever comes later has seen
/// them.</summary>
/// <param name="Settled">True when there is a settled one.</param>
/// <param name="Dots">The others, sorted; may be default, which is none.</param>
internal readonly record struct Presence(bool Settled, ImmutableArray<Dot> Dots)
{
    public bool IsAny => Settled || !Dots.IsDefaultOrEmpty;

    public bool IsSettled => Dots.IsDefaultOrEmpty;

    /// <summary>Once more put there: this operation stands for all that its author had seen.</summary>
    public Presence With(in EventContext context) => new(false, Dots.Without(context).Including(context.Dot));

    /// <summary>What a removal leaves: the operations that its author had not seen.</summary>
    public Presence Without(in EventContext context) => new(false, Dots.Without(context));

    public Presence Settle(Horizon horizon)
    {
        if (Dots.IsDefaultOrEmpty)
            return this;
        var rest = Dots.Beyond(horizon);
        return rest.Length == Dots.Length ? this : new Presence(true, rest);
    }
}

/// <summary>Small sorted sets of dots.</summary>
internal static class DotArrays
{
    /// <summary>Those that the author had not seen.</summary>
    public static ImmutableArray<Dot> Without(this ImmutableArray<Dot> dots, EventContext context)
        => dots.IsDefaultOrEmpty ? [] : dots.RemoveAll(d => context.HasSeen(d));

    /// <summary>With one more.</summary>
    public static ImmutableArray<Dot> Including(this ImmutableArray<Dot> dots, Dot dot)
    {
        if (dots.IsDefaultOrEmpty)
            return [dot];
        var at = dots.BinarySearch(dot);
        return at >= 0 ? dots : dots.Insert(~at, dot);
    }

    /// <summary>Those beyond the horizon.</summary>
    public static ImmutableArray<Dot> Beyond(this ImmutableArray<Dot> dots, Horizon horizon)
        => dots.IsDefaultOrEmpty ? [] : dots.RemoveAll(d => horizon.Holds(d));

    /// <summary>Never default, sorted: what was read from a file may be neither.</summary>
    public static ImmutableArray<Dot> Normal(this ImmutableArray<Dot> dots)
        => dots.IsDefaultOrEmpty ? [] : [.. dots.Distinct().Order()];
}

/// <summary>The order in which elements and keys stand in a state: ordinal for text, their own otherwise. Never the
/// culture's, which differs between machines and holds different strings to be equal.</summary>
internal static class ElementOrder<T>
{
    public static readonly IComparer<T> Comparer = typeof(T) == typeof(string)
        ? (IComparer<T>)StringComparer.Ordinal : Comparer<T>.Default;
}
