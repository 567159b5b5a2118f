using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What a kernel of an earlier build has answered, and said of itself, as <c>Inside/AnswersOut.cs</c> writes
/// it, in the types of this build.</summary>
internal static class AnswersIn
{
    public static RequestResult Answer(EntityKey entity, byte[] bytes)
    {
        using var r = new BinaryReader(new MemoryStream(bytes));
        var failure = r.ReadBoolean() ? Failure(r) : null;
        var view = r.ReadBoolean() ? View(r, entity.Type) : null;
        var points = JournalIn.List(r, from => new WritePoint(JournalIn.Entity(from), JournalIn.Origin(from),
            from.ReadUInt64(), from.ReadInt32(), from.ReadUInt64()));
        return new RequestResult(view, failure, points);
    }

    public static KernelDescription Describe(string region, byte[] bytes)
    {
        using var r = new BinaryReader(new MemoryStream(bytes));
        var number = 0;
        return new KernelDescription(region, null, null, [], JournalIn.List(r, from => Lane(from, number++)),
            JournalIn.List(r, from => (JournalIn.Entity(from), Failure(from))))
        {
            Registers = new RegistersDescription(false, 0, 0, 0, []),
        };
    }

    /// <summary>What a read asks for, for the other half.</summary>
    public static byte[] Write(ReadCondition condition)
    {
        using var bytes = new MemoryStream();
        using var w = new BinaryWriter(bytes);
        w.Write(condition.Sequences.Count);
        foreach (var slot in condition.Sequences)
        {
            Origin(slot.Origin);
            w.Write(slot.Count);
        }
        w.Write(condition.Positions.Count);
        foreach (var position in condition.Positions)
        {
            Origin(position.Origin);
            w.Write(position.Position);
            w.Write(position.Highest);
        }
        return bytes.ToArray();

        void Origin(Origin origin)
        {
            w.Write(origin.Region);
            w.Write(origin.Incarnation.ToBytes());
        }
    }

    private static LaneDescription Lane(BinaryReader r, int number) => new(number, r.ReadUInt64(), r.ReadUInt64(),
        JournalIn.List(r, from => (JournalIn.Origin(from), from.ReadUInt64(), from.ReadUInt64())),
        JournalIn.List(r, from => from.ReadString()), r.ReadInt32(), r.ReadInt32(), r.ReadInt32());

    private static EntityView View(BinaryReader r, string type) => new(
        TestTypes.All[type].DecodeState(JournalIn.Bytes(r)), JournalIn.Vector(r), r.ReadUInt64(),
        new HybridTimestamp(r.ReadUInt64()), JournalIn.List(r, JournalIn.Event));

    private static Failure Failure(BinaryReader r)
    {
        var code = r.ReadString();
        return new Failure(ErrorCodes.All.GetValueOrDefault(code) ?? new ErrorCode(code, "of an earlier build", 1, 500),
            r.ReadString(), r.ReadString());
    }
}
