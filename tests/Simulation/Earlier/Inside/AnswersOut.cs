using Pelago.Model;
using Pelago.Replication;
using Pelago.Tests.Simulation;

namespace Pelago.Tests.Earlier;

/// <summary>What this build's kernel answers, and says of itself, in bytes; <c>AnswersIn</c> reads them
/// outside.</summary>
internal static class AnswersOut
{
    public static byte[] Answer(EntityRequest request, RequestResult result)
    {
        using var bytes = new MemoryStream();
        using var w = new BinaryWriter(bytes);
        w.Write(result.Failure is not null);
        if (result.Failure is { } failure)
            Failure(w, failure);
        var view = result.Value as EntityView;
        w.Write(view is not null);
        if (view is not null)
            View(w, request.Entity.Type, view);
        JournalOut.List(w, result.Points, (to, p) =>
        {
            JournalOut.Entity(to, p.Entity);
            JournalOut.Origin(to, p.Origin);
            to.Write(p.Sequence);
            to.Write(p.Lane);
            to.Write(p.Position);
        });
        return bytes.ToArray();
    }

    public static byte[] Describe(KernelDescription described)
    {
        using var bytes = new MemoryStream();
        using var w = new BinaryWriter(bytes);
        JournalOut.List(w, described.Lanes, (to, lane) =>
        {
            to.Write(lane.Head);
            to.Write(lane.OwnHead);
            JournalOut.List(to, lane.FinalThrough, (into, f) =>
            {
                JournalOut.Origin(into, f.Origin);
                into.Write(f.Held);
                into.Write(f.Final);
            });
            JournalOut.List(to, lane.WaitingFor, (into, name) => into.Write(name));
            to.Write(lane.Held);
            to.Write(lane.Owed);
            to.Write(lane.Entities);
        });
        JournalOut.List(w, described.Parked, (to, parked) =>
        {
            JournalOut.Entity(to, parked.Entity);
            Failure(to, parked.Reason);
        });
        return bytes.ToArray();
    }

    /// <summary>What a read asks for, as it came from outside.</summary>
    public static ReadCondition ReadCondition(byte[] bytes)
    {
        using var r = new BinaryReader(new MemoryStream(bytes));
        var sequences = new VersionVector.Slot[r.ReadInt32()];
        for (var i = 0; i < sequences.Length; i++)
            sequences[i] = new VersionVector.Slot(Origin(r), r.ReadUInt64());
        var positions = new Frontier[r.ReadInt32()];
        for (var i = 0; i < positions.Length; i++)
            positions[i] = new Frontier(Origin(r), r.ReadUInt64(), r.ReadUInt64());
        return new ReadCondition(sequences, positions);
    }

    private static Origin Origin(BinaryReader r) => new(r.ReadString(), Incarnation.Read(r.ReadBytes(16)));

    private static void View(BinaryWriter w, string type, EntityView view)
    {
        JournalOut.Bytes(w, TestTypes.All[type].EncodeState(view.State));
        JournalOut.Vector(w, view.Seen);
        w.Write(view.Count);
        w.Write(view.Highest.Value);
        JournalOut.List(w, view.Tail, JournalOut.Event);
    }

    private static void Failure(BinaryWriter w, Failure failure)
    {
        w.Write(failure.Error.Code);
        w.Write(failure.Message);
        w.Write(failure.Next);
    }
}
