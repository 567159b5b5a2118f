using Pelago.Model;
using Pelago.Replication.Wire;

namespace Pelago.Replication;

public sealed partial class FrameReader
{
    private static SubjectKeysAskFrame ToAsk(SubjectKeysAsk ask)
    {
        if (ask.Names.Count is 0 or > SubjectKeysFrame.MaxKeys
            || ask.Names.Any(n => EntityKey.CheckId(n.Subject) is not null || n.KeyId.Length != SubjectKeyId.Bytes))
            throw Broken("what asks for keys of subjects is malformed");
        return new SubjectKeysAskFrame(
            [.. ask.Names.Select(n => new SubjectKeyName(n.Subject, SubjectKeyId.Read(n.KeyId.Span)))]);
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
