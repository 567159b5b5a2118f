using Pelago.Model;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameReader
{
    /// <summary>Largest checkpoint accepted, in bytes.</summary>
    public const int MaxSnapshotBytes = 64 * 1024 * 1024;

    private const int MaxCompacted = 1024;

    private CompactedFrame ToCompacted(Compacted compacted)
    {
        var lane = Lane(compacted.Lane);
        if (compacted.Entities.Count is 0 or > MaxCompacted)
            throw Broken("no compacted entities came at once, or too many");
        return new CompactedFrame(
            lane, Known(compacted.Origin), [.. compacted.Entities.Select(e => ToCompacted(e, lane))]);
    }

    private CompactedEntity ToCompacted(Wire.CompactedEntity e, int lane)
    {
        var entity = Entity(e.Type, e.Id);
        if (entity.Lane != lane || e.ThroughSequence == 0 || e.Position == 0)
            throw Broken("a compacted entity is malformed");
        if (entity.Type == SubjectType.Name)
            throw Broken("rows of a subject are said to be gone, and no region removes any");
        return new CompactedEntity(entity, e.ThroughSequence, e.Position);
    }

    private static SnapshotPartFrame ToPart(SnapshotPart part)
    {
        var (length, offset) = (Size(part.Length), Size(part.Offset));
        var isNone = length == 0 && offset == 0 && part.Content.IsEmpty && part.Digest.IsEmpty;
        var isPart = part.Content.Length > 0 && part.Content.Length <= length - offset
            && part.Digest.Length == SumBytes;
        if (!isNone && !isPart)
            throw Broken("a part of a snapshot is malformed");
        return new SnapshotPartFrame(
            Answered(part.Request), length, offset, part.Content.Memory, part.Digest.Memory);
    }

    private static long Size(ulong bytes) => bytes <= MaxSnapshotBytes ? (long)bytes
        : throw Broken($"a snapshot is larger than {MaxSnapshotBytes} bytes");
}
