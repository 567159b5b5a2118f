using Google.Protobuf.Collections;
using Pelago.Model;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameReader
{
    private static Frame? ToOfSubjects(Wire.Frame message) => message.BodyCase switch
    {
        Wire.Frame.BodyOneofCase.SubjectKeysAsk => new SubjectKeysAskFrame(ToNames(message.SubjectKeysAsk.Names)),
        Wire.Frame.BodyOneofCase.SubjectKeys => ToKeys(message.SubjectKeys),
        Wire.Frame.BodyOneofCase.SubjectKeysLacking
            => new SubjectKeysLackingFrame(ToNames(message.SubjectKeysLacking.Names)),
        Wire.Frame.BodyOneofCase.SubjectKeysHeldAsk
            => new SubjectKeysHeldAskFrame(ToNames(message.SubjectKeysHeldAsk.Names)),
        Wire.Frame.BodyOneofCase.SubjectKeysHeld => new SubjectKeysHeldFrame(ToNames(message.SubjectKeysHeld.Names)),
        _ => null,
    };

    private static SubjectKeyName[] ToNames(RepeatedField<Wire.SubjectKeyName> names)
    {
        if (names.Count is 0 or > SubjectKeysFrame.MaxKeys
            || names.Any(n => EntityKey.CheckId(n.Subject) is not null || n.KeyId.Length != SubjectKeyId.Bytes))
            throw Broken("names of keys of subjects are malformed");
        return [.. names.Select(n => new SubjectKeyName(n.Subject, SubjectKeyId.Read(n.KeyId.Span)))];
    }

    // A key's name is not sent: it follows from subject and key, so nobody can give one under another's name.
    private static SubjectKeysFrame ToKeys(Wire.SubjectKeys given)
    {
        if (given.Keys.Count is 0 or > SubjectKeysFrame.MaxKeys
            || given.Keys.Any(k => EntityKey.CheckId(k.Subject) is not null || k.Key.Length != SubjectKey.KeyBytes))
            throw Broken("keys of subjects are malformed");
        return new SubjectKeysFrame([.. given.Keys.Select(k => new SubjectKey(
            SubjectType.KeyOf(k.Subject), SubjectKeyId.Of(k.Subject, k.Key.Span), k.Key.ToByteArray()))]);
    }
}
