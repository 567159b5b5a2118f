using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>A checkpoint, parsed: what stands for an entity's events of which rows may be gone.</summary>
/// <param name="StateVersion">Schema version of the state in it.</param>
/// <param name="Events">Digest of the set of these events: added to that of later rows it is what a replica has that
/// keeps all of them.</param>
/// <param name="Positions">Of each origin the highest position of one of these events.</param>
internal sealed record CheckpointContent(
    FoldedPrefix Prefix, int StateVersion, SetDigest Events, IReadOnlyDictionary<Origin, ulong> Positions,
    HybridTimestamp Highest, IReadOnlyList<Origin> Retired)
{
    /// <summary>For each origin, through which of its events are in it.</summary>
    public VersionVector Vector => Prefix.Vector;
}

/// <summary>Writes and reads checkpoints (<c>stored.proto</c>).</summary>
internal static class CheckpointCodec
{
    private const uint Format = 1;
    private const int SumBytes = 32;
    private const int MaxOrigins = 4_096;
    private const ulong MaxNumber = 1UL << 48; // far beyond what a region writes, and 4,096 of it do not overflow

    public static byte[] Write(CheckpointContent content)
    {
        var prefix = SnapshotCodec.Prefix(content.Prefix, content.StateVersion, content.Vector, content.Highest,
            content.Retired, out var numbers);
        var message = new Checkpoint
        {
            Format = Format, Prefix = prefix, EventSum = ByteString.CopyFrom(content.Events.ToBytes()),
        };
        foreach (var (origin, position) in content.Positions.OrderBy(p => p.Key))
            message.Positions.Add(new StoredSlot { Origin = numbers.Of(origin), Count = position });
        return message.ToByteArray();
    }

    /// <summary>Parses a checkpoint. False when it is of another format, or contradicts itself: what came over the wire
    /// is looked at before anything is made of it.</summary>
    public static bool TryRead(
        EntityKey entity, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CheckpointContent? content)
    {
        content = null;
        try
        {
            var message = Checkpoint.Parser.ParseFrom(bytes);
            if (message.Format != Format || message.EventSum.Length != SumBytes || message.Prefix is not { } prefix
                || prefix.Tail.Count > 0 || !SnapshotCodec.AreRulesReadable(prefix))
                return false;
            var read = SnapshotCodec.Read(entity, prefix, out var origins);
            var vector = read.Base.Vector;
            var positions = message.Positions.ToDictionary(p => origins[p.Origin], p => p.Count);
            if (read.Base.Count == 0 || read.Base.Last is null || !read.Seen.Equals(vector)
                || !ArePossible(origins, read, positions.Values) || !Accounts(vector, read.Base.Count, positions))
                return false;
            content = new CheckpointContent(
                read.Base, (int)prefix.BaseVersion, SetDigest.Of(read.Base.Count, message.EventSum.Span), positions,
                read.Highest, read.Retired);
            return true;
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or IndexOutOfRangeException
            or ArgumentException)
        {
            return false;
        }
    }

    // What is adopted goes into frontiers, vectors and clocks, from where nothing takes it away again.
    private static bool ArePossible(Origin[] origins, SnapshotContent read, IEnumerable<ulong> positions)
        => origins.Length <= MaxOrigins && Array.TrueForAll(origins, o => Names.Check(o.Region, "region") is null)
            && positions.All(p => p <= MaxNumber) && read.Base.Vector.All(s => s.Count <= MaxNumber)
            && read.Base.Settled.All(s => s.Count <= MaxNumber)
            && read.Highest <= HybridTimestamp.MaxAccepted && read.Base.Last!.Value.Timestamp <= read.Highest;

    // A vector names events that are not in it only where one was taken over a gap: what its author had seen was lost
    // with a region that was removed. Of that nothing has a position.
    private static bool Accounts(VersionVector vector, ulong count, Dictionary<Origin, ulong> positions)
        => Sum(vector) >= count && positions.Count > 0 && positions.All(p => p.Value > 0 && vector.Named(p.Key) > 0)
            && (Sum(vector) > count || positions.Count == vector.Count);

    /// <summary>How many events a vector names.</summary>
    public static ulong Sum(VersionVector vector)
    {
        var sum = 0ul;
        foreach (ref readonly var slot in vector.Slots)
            sum += slot.Count;
        return sum;
    }
}

/// <summary>That a journal may lack what its region once reported to hold: a note of each lane.</summary>
internal static class LossNoteCodec
{
    public const string NoteName = "loss";

    public static LaneNote Write(Loss loss) => new(NoteName, new LossNote
    {
        MayHaveLost = loss.MayHaveLost, WasSetBack = loss.WasSetBack, IsBehind = loss.IsBehind,
    }.ToByteArray());

    public static Loss Read(IEnumerable<LaneNote> notes)
        => notes.FirstOrDefault(n => n.Name == NoteName) is { } note
            && LossNote.Parser.ParseFrom(note.Content.Span) is { } read
                ? new Loss(read.MayHaveLost, read.WasSetBack, read.IsBehind) : default;
}

/// <summary>What a journal says of itself.</summary>
/// <param name="MayHaveLost">It may lack what its region once reported to hold.</param>
/// <param name="WasSetBack">It was replaced by an older copy, or lost rows: not only was its process killed.</param>
/// <param name="IsBehind">That is known, and it has not caught up since with so many other regions that no majority is
/// without one.</param>
internal readonly record struct Loss(bool MayHaveLost, bool WasSetBack, bool IsBehind);

/// <summary>Through which positions of each origin rows of a lane may be gone: a note of the lane.</summary>
internal static class RemovedThroughCodec
{
    public const string NoteName = "removed-through";

    public static LaneNote Write(IReadOnlyDictionary<Origin, ulong> positions)
    {
        var message = new RemovedThrough();
        foreach (var (origin, position) in positions.OrderBy(p => p.Key))
        {
            message.Positions.Add(new StoredSlot { Origin = (uint)message.Origins.Count, Count = position });
            message.Origins.Add(new StoredOrigin
            {
                Region = origin.Region, Incarnation = ByteString.CopyFrom(origin.Incarnation.ToBytes()),
            });
        }
        return new LaneNote(NoteName, message.ToByteArray());
    }

    public static Dictionary<Origin, ulong> Read(LaneNote note)
    {
        var message = RemovedThrough.Parser.ParseFrom(note.Content.Span);
        Origin[] origins = [.. message.Origins.Select(o => new Origin(
            o.Region, Incarnation.Read(o.Incarnation.Span)))];
        return message.Positions.ToDictionary(p => origins[p.Origin], p => p.Count);
    }
}
