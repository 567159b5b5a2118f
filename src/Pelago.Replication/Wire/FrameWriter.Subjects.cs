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
                message.SubjectKeysAsk = new SubjectKeysAsk();
                message.SubjectKeysAsk.Names.AddRange(f.Names.Select(n => new Wire.SubjectKeyName
                {
                    Subject = n.Subject, KeyId = UnsafeByteOperations.UnsafeWrap(n.Id.ToBytes()),
                }));
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
}
