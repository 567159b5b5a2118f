using System.Buffers.Binary;
using System.Security.Cryptography;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>All lives of a region's journal through this one, as one side knows them in a lane: which there were, and
/// where each ended.</summary>
/// <param name="Last">The last of them.</param>
/// <param name="Digest">Of their names and ends; two sides with the same one hold the same.</param>
public readonly record struct PastMark(Origin Last, UInt128 Digest);

/// <summary>The lives of one lane that are past: over, and held as a whole by every member. Each region's in order of
/// their names, without one in between that is not past.</summary>
/// <remarks>A journal begins a life with every unclean start, for years. What has to be kept of one is its name and
/// where it ended, because a region that joins, or was set back, takes its events from somebody; nothing else is looked
/// at as long as nobody speaks of it.</remarks>
internal sealed class PastLives
{
    private readonly SortedDictionary<string, List<Life>> regions = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The last life of each region.</summary>
    public IEnumerable<PastMark> Marks => regions.Where(r => r.Value.Count > 0).Select(r => r.Value[^1].Mark);

    /// <summary>All of them, with where they ended.</summary>
    public IEnumerable<(Origin Origin, ulong End)> All
        => regions.Values.SelectMany(lives => lives.Select(l => (l.Mark.Last, l.End)));

    /// <summary>Position of a life's last event; 0 of one that is not past.</summary>
    public ulong EndOf(Origin origin) => IndexOf(origin) is >= 0 and var at ? regions[origin.Region][at].End : 0;

    /// <summary>It is one of them.</summary>
    public bool Include(Origin origin) => IndexOf(origin) >= 0;

    /// <summary>It would be the last of its region's.</summary>
    public bool IsAfterAll(Origin origin) => !regions.TryGetValue(origin.Region, out var lives) || lives.Count == 0
        || lives[^1].Mark.Last.CompareTo(origin) < 0;

    /// <summary>One more, after all of its region.</summary>
    public void Add(Origin origin, ulong end)
    {
        if (!IsAfterAll(origin))
            throw new ArgumentException($"{origin} does not follow the lives that are past.", nameof(origin));
        if (!regions.TryGetValue(origin.Region, out var lives))
            regions.Add(origin.Region, lives = []);
        var before = lives.Count > 0 ? lives[^1].Mark.Digest : default;
        lives.Add(new Life(new PastMark(origin, Next(before, origin, end)), end));
        Count++;
    }

    /// <summary>Takes this one, and those of its region that came after it, out again.</summary>
    public IReadOnlyList<(Origin Origin, ulong End)> Reopen(Origin origin)
    {
        if (!regions.TryGetValue(origin.Region, out var lives))
            return [];
        var at = Place(lives, origin);
        var first = at >= 0 ? at : ~at;
        (Origin, ulong)[] open = [.. lives.Skip(first).Select(l => (l.Mark.Last, l.End))];
        lives.RemoveRange(first, lives.Count - first);
        Count -= open.Length;
        return open;
    }

    /// <summary>Both sides know the same lives through this one.</summary>
    public bool Agrees(PastMark mark)
        => IndexOf(mark.Last) is >= 0 and var at && regions[mark.Last.Region][at].Mark.Digest == mark.Digest;

    /// <summary>The last one of a region, or the last that is not later than another one; null when there is
    /// none.</summary>
    public PastMark? LastOf(string region, Incarnation? through = null)
    {
        if (!regions.TryGetValue(region, out var lives) || lives.Count == 0)
            return null;
        if (through is not { } latest)
            return lives[^1].Mark;
        var at = Place(lives, new Origin(region, latest));
        var last = at >= 0 ? at : ~at - 1;
        return last < 0 ? null : lives[last].Mark;
    }

    /// <summary>Those of a region after one, or all of it.</summary>
    public IEnumerable<(Origin Origin, ulong End)> After(string region, Origin? last)
    {
        if (!regions.TryGetValue(region, out var lives))
            return [];
        var at = last is null ? -1 : Place(lives, last);
        return lives.Skip(last is null ? 0 : at >= 0 ? at + 1 : ~at).Select(l => (l.Mark.Last, l.End));
    }

    private int IndexOf(Origin origin)
        => regions.TryGetValue(origin.Region, out var lives) ? Place(lives, origin) : -1;

    private static int Place(List<Life> lives, Origin origin)
    {
        var (low, high) = (0, lives.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = lives[middle].Mark.Last.Incarnation.CompareTo(origin.Incarnation);
            if (order == 0)
                return middle;
            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }
        return ~low;
    }

    // SHA-256 of the digest before, the life's name and its end, of which 16 bytes are kept.
    private static UInt128 Next(UInt128 before, Origin origin, ulong end)
    {
        Span<byte> bytes = stackalloc byte[40];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, before);
        origin.Incarnation.Write(bytes[16..]);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[32..], end);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    private readonly record struct Life(PastMark Mark, ulong End);
}
