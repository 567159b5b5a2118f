using Google.Protobuf;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameWriter
{
    private void FillSnapshot(Frame frame)
    {
        switch (frame)
        {
            case CompactedFrame f:
                message.Compacted = new Compacted { Lane = (uint)f.Lane, Origin = Number(f.Origin) };
                message.Compacted.Entities.AddRange(f.Entities.Select(e => new Wire.CompactedEntity
                {
                    Type = Number(types, message.TypeNames, e.Entity.Type), Id = e.Entity.Id,
                    ThroughSequence = e.Through, Position = e.Position,
                }));
                break;
            case SnapshotPartFrame f:
                message.SnapshotPart = new SnapshotPart
                {
                    Request = (ulong)f.Request, Length = (ulong)f.Length, Offset = (ulong)f.Offset,
                    Content = UnsafeByteOperations.UnsafeWrap(f.Content),
                    Digest = UnsafeByteOperations.UnsafeWrap(f.Digest),
                };
                break;
            case SnapshotMoreFrame f:
                message.SnapshotMore = new SnapshotMore { Request = (ulong)f.Request, Offset = (ulong)f.Offset };
                break;
            default:
                FillRegister(frame);
                break;
        }
    }
}
