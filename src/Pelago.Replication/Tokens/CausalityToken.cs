using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What a client has seen and written: it travels with the client and is handed to whichever region it asks
/// next.</summary>
/// <remarks>
/// The newest points are kept exactly (an entity, an origin, a sequence number), so that a read waits for nothing
/// but its own entity. Older ones collapse to "this origin's journal, this lane, through this position", which waits
/// for a little more than necessary and is never less than true. Rejected: a version vector of all entities
/// (unbounded), a timestamp (says nothing about what has arrived), and dropping old points (a promise that breaks
/// for exactly the long session). Immutable, thread-safe.
/// </remarks>
public sealed class CausalityToken
{
    /// <summary>Points that are kept exactly.</summary>
    public const int MaxExact = 16;

    /// <summary>Origins that a token can name.</summary>
    public const int MaxOrigins = 24;

    // Of the codec's 4 KiB of base64url, less version, tag and counts.
    private const int MaxContentBytes = (CausalityTokenCodec.MaxLength / 4 * 3) - 32;
    private const int OriginBytes = 1 + 16 + 5;
    private const int ExactBytes = 16 + 1 + 10 + 1 + 10;

    /// <summary>Nothing seen.</summary>
    public static readonly CausalityToken Empty = new([], ImmutableSortedDictionary<LaneOfOrigin, ulong>.Empty);

    internal CausalityToken(
        ImmutableArray<ExactPoint> exact, ImmutableSortedDictionary<LaneOfOrigin, ulong> collapsed)
        => (Exact, Collapsed) = (exact, collapsed);

    /// <summary>Exact points, the newest first; at most <see cref="MaxExact"/>.</summary>
    internal ImmutableArray<ExactPoint> Exact { get; }

    /// <summary>For each origin and lane the position that must have been consumed.</summary>
    internal ImmutableSortedDictionary<LaneOfOrigin, ulong> Collapsed { get; }

    /// <summary>True when it asks for nothing.</summary>
    public bool IsEmpty => Exact.IsEmpty && Collapsed.IsEmpty;

    /// <summary>The token after what a request saw or wrote.</summary>
    public CausalityToken With(IReadOnlyList<WritePoint> points)
    {
        if (points.Count == 0)
            return this;
        var exact = Exact.ToBuilder();
        foreach (var point in points)
        {
            var added = new ExactPoint(EntityHash.Of(point.Entity), point.Origin, point.Sequence, point.Lane,
                point.Position);
            var at = IndexOf(exact, added);
            if (at >= 0)
            {
                if (exact[at].Sequence > added.Sequence)
                    added = exact[at];
                exact.RemoveAt(at);
            }
            exact.Insert(0, added);
        }
        return Bound(exact, Collapsed.ToBuilder());
    }

    /// <summary>What a replica must have before it may answer a request on an entity under this token.</summary>
    public ReadCondition For(EntityKey entity)
    {
        if (IsEmpty)
            return ReadCondition.None;
        var hash = EntityHash.Of(entity);
        var lane = entity.Lane;
        List<VersionVector.Slot> sequences = [];
        foreach (var point in Exact)
        {
            if (point.Entity == hash)
                sequences.Add(new VersionVector.Slot(point.Origin, point.Sequence));
        }
        List<Frontier> positions = [];
        foreach (var (place, position) in Collapsed)
        {
            if (place.Lane == lane)
                positions.Add(new Frontier(place.Origin, position, position));
        }
        return sequences.Count + positions.Count == 0 ? ReadCondition.None : new ReadCondition(sequences, positions);
    }

    private static int IndexOf(ImmutableArray<ExactPoint>.Builder exact, ExactPoint point)
    {
        for (var i = 0; i < exact.Count; i++)
        {
            if (exact[i].Entity == point.Entity && exact[i].Origin.Equals(point.Origin))
                return i;
        }
        return -1;
    }

    private static CausalityToken Bound(
        ImmutableArray<ExactPoint>.Builder exact, ImmutableSortedDictionary<LaneOfOrigin, ulong>.Builder collapsed)
    {
        while (exact.Count > MaxExact)
        {
            Collapse(exact[^1], collapsed);
            exact.RemoveAt(exact.Count - 1);
        }
        var token = new CausalityToken(exact.ToImmutable(), collapsed.ToImmutable());
        if (token.Collapsed.IsEmpty)
            return token; // sixteen exact points always fit
        if (token.Size > MaxContentBytes && exact.Count > 0)
        {
            Collapse(exact[^1], collapsed); // less exact, and still true
            exact.RemoveAt(exact.Count - 1);
            return Bound(exact, collapsed);
        }
        while (token.Size > MaxContentBytes || token.Origins().Count > MaxOrigins)
            token = token.WithoutOldestLife();
        return token;
    }

    private static void Collapse(ExactPoint point, ImmutableSortedDictionary<LaneOfOrigin, ulong>.Builder collapsed)
    {
        var place = new LaneOfOrigin(point.Origin, point.Lane);
        if (collapsed.GetValueOrDefault(place) < point.Position)
            collapsed[place] = point.Position;
    }

    /// <summary>Origins named, in order.</summary>
    internal SortedSet<Origin> Origins()
    {
        var origins = new SortedSet<Origin>(Exact.Select(e => e.Origin));
        origins.UnionWith(Collapsed.Keys.Select(k => k.Origin));
        return origins;
    }

    /// <summary>Upper bound of the encoded content in bytes.</summary>
    private int Size => Origins().Sum(o => OriginBytes + o.Region.Length) + (Exact.Length * ExactBytes)
        + Collapsed.Sum(c => NumberBytes(c.Value));

    /// <summary>Forgets one origin, to keep the header's size: first lives of journals that a later one of the same
    /// region in the token has followed, the oldest first. Before that every exact point has
    /// collapsed; a dozen regions in all lanes with positions below 2^40 still fit.</summary>
    private CausalityToken WithoutOldestLife()
    {
        var origins = Origins();
        var newest = origins.GroupBy(o => o.Region, StringComparer.Ordinal).Select(g => g.Max()!).ToHashSet();
        var leaving = origins.OrderBy(o => newest.Contains(o)).ThenBy(o => o.Incarnation).ThenBy(o => o).First();
        return new CausalityToken(
            [.. Exact.Where(e => !e.Origin.Equals(leaving))],
            Collapsed.RemoveRange(Collapsed.Keys.Where(k => k.Origin.Equals(leaving))));
    }

    private static int NumberBytes(ulong value) => (int.Max(1, 64 - (int)ulong.LeadingZeroCount(value)) + 6) / 7;
}

/// <summary>An entity in sixteen bytes: the head of SHA-256 over type, NUL and id.</summary>
internal static class EntityHash
{
    public static UInt128 Of(EntityKey entity)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{entity.Type}\0{entity.Id}"), hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}

/// <summary>One exact point.</summary>
internal readonly record struct ExactPoint(UInt128 Entity, Origin Origin, ulong Sequence, int Lane, ulong Position);

/// <summary>A lane of an origin's journal.</summary>
internal readonly record struct LaneOfOrigin(Origin Origin, int Lane) : IComparable<LaneOfOrigin>
{
    public int CompareTo(LaneOfOrigin other)
    {
        var byOrigin = Origin.CompareTo(other.Origin);
        return byOrigin != 0 ? byOrigin : Lane.CompareTo(other.Lane);
    }
}
