using System.Buffers.Binary;
using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>A lane's note of the lives that are past. The lives themselves are among the lane's frontiers.</summary>
internal static class PastNotes
{
    public const string NoteName = "past";

    public static LaneNote Write(IEnumerable<PastMark> marks)
    {
        var stored = new PastNote();
        foreach (var mark in marks)
        {
            stored.Regions.Add(new PastOfRegion
            {
                Region = mark.Last.Region, Last = ByteString.CopyFrom(mark.Last.Incarnation.ToBytes()),
                Digest = ToBytes(mark.Digest),
            });
        }
        return new LaneNote(NoteName, stored.ToByteArray());
    }

    public static IEnumerable<PastMark> Read(IEnumerable<LaneNote> notes)
        => notes.FirstOrDefault(n => n.Name == NoteName) is not { } note ? []
            : PastNote.Parser.ParseFrom(note.Content.Span).Regions.Select(r => new PastMark(
                new Origin(r.Region, Incarnation.Read(r.Last.Span)), ToDigest(r.Digest.Span)));

    public static ByteString ToBytes(UInt128 digest)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, digest);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    public static UInt128 ToDigest(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt128BigEndian(bytes);
}
