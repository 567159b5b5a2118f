using System.Collections;

namespace Pelago.Model;

/// <summary>For each origin, how many of its events have been seen. Immutable; slots are sorted by origin and never
/// zero, so equal vectors have equal form.</summary>
/// <remarks>Lives of a region's journal that are over may have left the slots of an event's vector: one
/// <see cref="RetiredLives"/> then stands for all of them. Whoever wrote such an event knew that nothing more can come
/// of those lives, and had seen all of it. The vector of what a replica has seen keeps its slots, because what comes
/// again must be known for what it is.</remarks>
public sealed class VersionVector : IEquatable<VersionVector>, IReadOnlyCollection<VersionVector.Slot>
{
    /// <summary>One origin's count.</summary>
    public readonly record struct Slot(Origin Origin, ulong Count);

    /// <summary>All lives of a region's journal through one of them, and how many events they wrote together.</summary>
    /// <param name="Last">The last of these lives.</param>
    /// <param name="Count">How many events of theirs have been seen: all that there are.</param>
    public readonly record struct RetiredLives(Origin Last, ulong Count)
    {
        /// <summary>True for one of these lives.</summary>
        public bool Include(Origin origin)
            => origin.Region == Last.Region && origin.Incarnation.CompareTo(Last.Incarnation) <= 0;
    }

    /// <summary>Nothing seen.</summary>
    public static readonly VersionVector Empty = new([], []);

    private readonly Slot[] slots;
    private readonly RetiredLives[] retired;

    private VersionVector(Slot[] slots, RetiredLives[] retired) => (this.slots, this.retired) = (slots, retired);

    /// <summary>Number of origins with a count above zero.</summary>
    public int Count => slots.Length;

    /// <summary>The slots in order of origin.</summary>
    public ReadOnlySpan<Slot> Slots => slots;

    /// <summary>Lives that have left the slots, at most one entry a region, in order of region.</summary>
    public ReadOnlySpan<RetiredLives> Retired => retired;

    /// <summary>How many events of the origin have been seen; zero when none, and <see cref="ulong.MaxValue"/>, which
    /// is all, when its life is retired.</summary>
    public ulong this[Origin origin]
    {
        get
        {
            var named = Named(origin);
            foreach (ref readonly var lives in retired.AsSpan())
            {
                if (named == 0 && lives.Include(origin))
                    return ulong.MaxValue;
            }
            return named;
        }
    }

    /// <summary>How many events of the origin the slots say; zero when none does, retired or not.</summary>
    public ulong Named(Origin origin)
    {
        foreach (ref readonly var slot in slots.AsSpan())
        {
            if (slot.Origin.Equals(origin))
                return slot.Count;
        }
        return 0;
    }

    /// <summary>True when this vector has seen as many events of these lives.</summary>
    public bool Covers(RetiredLives lives)
    {
        var count = 0ul;
        foreach (ref readonly var own in retired.AsSpan())
        {
            if (own.Include(lives.Last))
                return true;
            if (lives.Include(own.Last))
                count += own.Count;
        }
        foreach (ref readonly var slot in slots.AsSpan())
        {
            if (lives.Include(slot.Origin))
                count += slot.Count;
        }
        return count >= lives.Count;
    }

    /// <summary>The vector for an event of somebody who has seen what this one says: two lives of a region or more that
    /// are over become one entry.</summary>
    /// <param name="isOver">True for a life of which nothing can come any more.</param>
    public VersionVector Retire(Func<Origin, bool> isOver)
    {
        List<RetiredLives>? gone = null;
        for (var first = 0; first < slots.Length;)
        {
            var end = first + 1;
            while (end < slots.Length && slots[end].Origin.Region == slots[first].Origin.Region)
                end++;
            if (end - first > 1 && OverFrom(first, end, isOver) is { } lives)
                (gone ??= []).Add(lives);
            first = end;
        }
        return gone is null ? this
            : new VersionVector([.. slots.Where(s => !gone.Exists(l => l.Include(s.Origin)))], [.. gone]);
    }

    // The oldest lives of a region, as many as are over without one between them that is not.
    private RetiredLives? OverFrom(int first, int end, Func<Origin, bool> isOver)
    {
        var (next, count) = (first, 0ul);
        while (next < end && isOver(slots[next].Origin))
            count += slots[next++].Count;
        return next - first > 1 ? new RetiredLives(slots[next - 1].Origin, count) : null;
    }

    /// <summary>Builds a vector from unordered slots.</summary>
    /// <exception cref="ArgumentException">An origin appears twice.</exception>
    public static VersionVector From(IEnumerable<Slot> source) => From(source, []);

    /// <summary>Builds a vector from unordered slots and retired lives.</summary>
    /// <exception cref="ArgumentException">An origin appears twice, or a region has two entries of retired
    /// lives.</exception>
    public static VersionVector From(IEnumerable<Slot> source, IEnumerable<RetiredLives> lives)
    {
        RetiredLives[] gone = [.. lives.OrderBy(l => l.Last)];
        for (var i = 1; i < gone.Length; i++)
        {
            if (gone[i].Last.Region == gone[i - 1].Last.Region)
                throw new ArgumentException($"Lives of {gone[i].Last.Region} are retired twice.", nameof(lives));
        }
        var sorted = source.Where(s => s.Count > 0).OrderBy(s => s.Origin).ToArray();
        for (var i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Origin.Equals(sorted[i - 1].Origin))
                throw new ArgumentException($"Origin {sorted[i].Origin} appears twice.", nameof(source));
        }
        return sorted.Length + gone.Length == 0 ? Empty : new VersionVector(sorted, gone);
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
            return new VersionVector(copy, retired);
        }
        var grown = new Slot[slots.Length + 1];
        slots.AsSpan(0, at).CopyTo(grown);
        grown[at] = new Slot(origin, count);
        slots.AsSpan(at).CopyTo(grown.AsSpan(at + 1));
        return new VersionVector(grown, retired);
    }

    /// <summary>This vector once an event has been added whose causes it covers: the event's own vector when that
    /// knows everything known here (the usual case, which makes no copy), else this one with one more of its
    /// origin.</summary>
    /// <param name="author">The event's vector.</param>
    /// <param name="origin">The event's origin.</param>
    /// <param name="sequence">The event's number at its origin.</param>
    public VersionVector After(VersionVector author, Origin origin, ulong sequence)
        => author.retired.Length == 0 && author.Covers(this) ? author
            : this[origin] < sequence ? With(origin, sequence) : this;

    /// <summary>Of each origin the higher count of both; retired lives stay as they are here.</summary>
    public VersionVector Union(VersionVector other)
    {
        var all = this;
        foreach (ref readonly var slot in other.slots.AsSpan())
        {
            if (all[slot.Origin] < slot.Count)
                all = all.With(slot.Origin, slot.Count);
        }
        return all;
    }

    /// <summary>True when every count of <paramref name="other"/> is covered by this vector.</summary>
    public bool Covers(VersionVector other)
    {
        foreach (ref readonly var slot in other.slots.AsSpan())
        {
            if (this[slot.Origin] < slot.Count)
                return false;
        }
        foreach (ref readonly var lives in other.retired.AsSpan())
        {
            if (!Covers(lives))
                return false;
        }
        return true;
    }

    /// <inheritdoc />
    public bool Equals(VersionVector? other) => other is not null
        && slots.AsSpan().SequenceEqual(other.slots) && retired.AsSpan().SequenceEqual(other.retired);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as VersionVector);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var slot in slots)
            hash.Add(slot);
        foreach (var lives in retired)
            hash.Add(lives);
        return hash.ToHashCode();
    }

    /// <inheritdoc />
    public IEnumerator<Slot> GetEnumerator() => ((IEnumerable<Slot>)slots).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => slots.GetEnumerator();

    /// <inheritdoc />
    public override string ToString() => "{" + string.Join(", ", slots.Select(s => $"{s.Origin}:{s.Count}")
        .Concat(retired.Select(r => $"{r.Last} and before:{r.Count}"))) + "}";
}
