using System.Collections;

namespace Pelago.Model;

/// <summary>For each origin, how many of its events have been seen. Immutable; slots are sorted by origin and never
/// zero, so equal vectors have equal form.</summary>
public sealed class VersionVector : IEquatable<VersionVector>, IReadOnlyCollection<VersionVector.Slot>
{
    /// <summary>One origin's count.</summary>
    public readonly record struct Slot(Origin Origin, ulong Count);

    /// <summary>Nothing seen.</summary>
    public static readonly VersionVector Empty = new([]);

    private readonly Slot[] slots;

    private VersionVector(Slot[] slots) => this.slots = slots;

    /// <summary>Number of origins with a count above zero.</summary>
    public int Count => slots.Length;

    /// <summary>The slots in order of origin.</summary>
    public ReadOnlySpan<Slot> Slots => slots;

    /// <summary>How many events of the origin have been seen; zero when none.</summary>
    public ulong this[Origin origin]
    {
        get
        {
            foreach (ref readonly var slot in slots.AsSpan())
            {
                if (slot.Origin.Equals(origin))
                    return slot.Count;
            }
            return 0;
        }
    }

    /// <summary>Builds a vector from unordered slots.</summary>
    /// <exception cref="ArgumentException">An origin appears twice.</exception>
    public static VersionVector From(IEnumerable<Slot> source)
    {
        var sorted = source.Where(s => s.Count > 0).OrderBy(s => s.Origin).ToArray();
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Origin.Equals(sorted[i - 1].Origin))
                throw new ArgumentException($"Origin {sorted[i].Origin} appears twice.", nameof(source));
        }
        return sorted.Length == 0 ? Empty : new VersionVector(sorted);
    }

    /// <summary>The same vector with one origin's count replaced.</summary>
    public VersionVector With(Origin origin, ulong count)
    {
        var at = 0;
        while (at < slots.Length && slots[at].Origin.CompareTo(origin) < 0)
            at++;
        if (at < slots.Length && slots[at].Origin.Equals(origin))
        {
            var copy = (Slot[])slots.Clone();
            copy[at] = new Slot(origin, count);
            return new VersionVector(copy);
        }
        var grown = new Slot[slots.Length + 1];
        slots.AsSpan(0, at).CopyTo(grown);
        grown[at] = new Slot(origin, count);
        slots.AsSpan(at).CopyTo(grown.AsSpan(at + 1));
        return new VersionVector(grown);
    }

    /// <summary>This vector once an event has been added whose causes it covers: the event's own vector when that
    /// knows everything known here (the usual case, which makes no copy), else this one with one more of its
    /// origin.</summary>
    /// <param name="author">The event's vector.</param>
    /// <param name="origin">The event's origin.</param>
    /// <param name="sequence">The event's number at its origin.</param>
    public VersionVector After(VersionVector author, Origin origin, ulong sequence)
        => author.Covers(this) ? author : this[origin] < sequence ? With(origin, sequence) : this;

    /// <summary>True when every count of <paramref name="other"/> is covered by this vector.</summary>
    public bool Covers(VersionVector other)
    {
        foreach (ref readonly var slot in other.slots.AsSpan())
        {
            if (this[slot.Origin] < slot.Count)
                return false;
        }
        return true;
    }

    /// <summary>Slot-wise maximum.</summary>
    public VersionVector Merge(VersionVector other)
    {
        if (Covers(other))
            return this;
        if (other.Covers(this))
            return other;
        var merged = this;
        foreach (ref readonly var slot in other.slots.AsSpan())
        {
            if (merged[slot.Origin] < slot.Count)
                merged = merged.With(slot.Origin, slot.Count);
        }
        return merged;
    }

    /// <inheritdoc />
    public bool Equals(VersionVector? other) => other is not null && slots.AsSpan().SequenceEqual(other.slots);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as VersionVector);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var slot in slots)
            hash.Add(slot);
        return hash.ToHashCode();
    }

    /// <inheritdoc />
    public IEnumerator<Slot> GetEnumerator() => ((IEnumerable<Slot>)slots).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => slots.GetEnumerator();

    /// <inheritdoc />
    public override string ToString() => "{" + string.Join(", ", slots.Select(s => $"{s.Origin}:{s.Count}")) + "}";
}
