using Google.Protobuf;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameWriter
{
    private void FillSubject(Frame frame)
    {
        switch (frame)
        {
            case SubjectKeysAskFrame f:
                message.SubjectKeysAsk = ToWire(f.Names);
                break;
            case SubjectKeysLackingFrame f:
                message.SubjectKeysLacking = ToWire(f.Names);
                break;
            case SubjectKeysHeldAskFrame f:
                message.SubjectKeysHeldAsk = ToWire(f.Names);
                break;
            case SubjectKeysHeldFrame f:
                message.SubjectKeysHeld = ToWire(f.Names);
                break;
            case SubjectKeysFrame f:
                message.SubjectKeys = new Wire.SubjectKeys();
                message.SubjectKeys.Keys.AddRange(f.Keys.Select(k => new GivenSubjectKey
                {
                    Subject = k.Subject.Id, Key = UnsafeByteOperations.UnsafeWrap(k.Key),
                }));
                break;
            default:
                throw new ArgumentException($"No wire form for {frame.GetType().Name}.", nameof(frame));
        }
    }

    private static SubjectKeyNames ToWire(IReadOnlyList<SubjectKeyName> names)
    {
        var message = new SubjectKeyNames();
        message.Names.AddRange(names.Select(n => new Wire.SubjectKeyName
        {
            Subject = n.Subject, KeyId = UnsafeByteOperations.UnsafeWrap(n.Id.ToBytes()),
        }));
        return message;
    }
}
