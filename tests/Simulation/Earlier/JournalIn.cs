using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>A transaction that an earlier build made durable, as <c>Inside/JournalOut.cs</c> writes it, in the types of
/// this build: what the oracles judge, and what this build finds on the disk when it takes the region over.</summary>
internal static class JournalIn
{
    public static DiskWrite Read(byte[] bytes)
    {
        using var r = new BinaryReader(new MemoryStream(bytes));
        DiskWrite write = r.ReadByte() switch
        {
            1 => new LaneTaken(r.ReadInt32()),
            2 => new LifeBegun(Origin(r)),
            3 => new GroupWritten(List(r, Batch)),
            var other => throw new InvalidDataException($"{other} is no transaction."),
        };
        return r.BaseStream.Position == bytes.Length ? write
            : throw new InvalidDataException($"{write} is followed by something: both halves have to agree.");
    }

    public static T[] List<T>(BinaryReader r, Func<BinaryReader, T> read)
    {
        var items = new T[r.ReadInt32()];
        for (var i = 0; i < items.Length; i++)
            items[i] = read(r);
        return items;
    }

    public static byte[] Bytes(BinaryReader r) => r.ReadBytes(r.ReadInt32());

    public static Origin Origin(BinaryReader r) => new(r.ReadString(), Incarnation.Read(r.ReadBytes(16)));

    public static EntityKey Entity(BinaryReader r) => new(r.ReadString(), r.ReadString());

    public static VersionVector Vector(BinaryReader r)
    {
        var slots = List(r, from => new VersionVector.Slot(Origin(from), from.ReadUInt64()));
        var retired = List(r, from => new VersionVector.RetiredLives(Origin(from), from.ReadUInt64()));
        return VersionVector.From(slots, retired);
    }

    public static EventRecord Event(BinaryReader r) => new()
    {
        Entity = Entity(r), Origin = Origin(r), Sequence = r.ReadUInt64(), Vector = Vector(r),
        Timestamp = new HybridTimestamp(r.ReadUInt64()), Epoch = r.ReadUInt32(), BatchIndex = r.ReadInt32(),
        BatchLength = r.ReadInt32(), Tags = List(r, from => from.ReadString()), TraceParent = r.ReadString(),
        IdempotencyKey = r.ReadString(), PayloadName = r.ReadString(), PayloadVersion = r.ReadInt32(),
        Payload = Bytes(r), OriginPosition = r.ReadUInt64(),
    };

    private static LaneBatch Batch(BinaryReader r) => new()
    {
        Lane = r.ReadInt32(), Epoch = r.ReadUInt32(),
        Rows = List(r, from => new EventRow(Event(from), from.ReadUInt64(), from.ReadBoolean())),
        Frontiers = List(r, from => new Frontier(Origin(from), from.ReadUInt64(), from.ReadUInt64())),
        Marks = List(r, from => new EffectMark(Origin(from), from.ReadUInt64())),
        Owed = List(r, Owed), Settled = List(r, Owed),
        Forgotten = List(r, from => new ForgottenReply(Entity(from), from.ReadString())),
        Replies = List(r, from => new RememberedReply(Entity(from), from.ReadString(), Bytes(from))
        {
            AtMilliseconds = from.ReadInt64(),
        }),
        Conflicts = List(r, from => new ConflictRecord(Entity(from), (ConflictKind)from.ReadInt32(), Origin(from),
            from.ReadUInt64(), from.ReadInt64(), from.ReadString())),
        Checkpoints = List(r, from => new EntityCheckpoint(Entity(from), from.ReadUInt64(), Bytes(from))),
        Removed = List(r, from => new RemovedRow(Entity(from), from.ReadUInt64(), from.ReadUInt64())),
        Snapshots = List(r, from => new EntitySnapshot(Entity(from), from.ReadUInt64(), Bytes(from))),
        Notes = List(r, from => new LaneNote(from.ReadString(), Bytes(from))),
    };

    private static Owed Owed(BinaryReader r) => new(Entity(r), Origin(r), r.ReadUInt64(), r.ReadUInt64());
}
