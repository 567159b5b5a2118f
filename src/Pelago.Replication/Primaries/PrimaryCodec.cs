using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>A record of a type's primary as the register holds it, as it travels, and as a journal notes it.</summary>
internal static class PrimaryCodec
{
    /// <summary>Most ends of epochs that a register has room for.</summary>
    private const int MaxEnds = 64;

    /// <summary>Room that one more end takes at most.</summary>
    public const int MaxEndBytes = 128 + (EpochEnd.MaxLives * (32 + (EntityKey.Lanes * 6)));

    private const string Prefix = "primary/";

    /// <summary>Bytes of the register that a record does not take.</summary>
    public static int RoomLeft(PrimaryRecord record) => record.Ends.Count >= MaxEnds ? 0
        : RegisterValue.MaxBytes - Write(record).Length;

    public static byte[] Write(PrimaryRecord record)
    {
        var stored = new StoredPrimary
        {
            Epoch = record.Epoch, Region = record.Region, Started = record.IsStarted, Former = record.Former,
            Life = ToStored(record.Life), FormerLife = ToStored(record.FormerLife),
        };
        foreach (var end in record.Ends)
        {
            var ended = new StoredEpochEnd { Region = end.Region, Before = end.Before, AllLives = end.AreAllLives };
            foreach (var life in end.Lives)
            {
                var stoppedAt = new StoredLifeEnd
                {
                    Incarnation = UnsafeByteOperations.UnsafeWrap(life.Life.ToBytes()),
                };
                stoppedAt.Positions.AddRange(life.Positions);
                ended.Lives.Add(stoppedAt);
            }
            stored.Ends.Add(ended);
        }
        return stored.ToByteArray();
    }

    /// <summary>Null when the bytes are no record that a register could hold.</summary>
    public static PrimaryRecord? Read(ReadOnlySpan<byte> bytes)
    {
        StoredPrimary stored;
        try
        {
            stored = StoredPrimary.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
        if (stored.Epoch is 0 or > int.MaxValue || stored.Ends.Count > MaxEnds
            || Names.Check(stored.Region, "region") is not null
            || Names.Check(stored.Former, "region") is not null || !stored.Ends.All(IsPossible)
            || stored.Life.Length is not (0 or 16) || stored.FormerLife.Length is not (0 or 16))
            return null;
        return new PrimaryRecord(stored.Epoch, stored.Region)
        {
            IsStarted = stored.Started, Former = stored.Former,
            Life = ToLife(stored.Life), FormerLife = ToLife(stored.FormerLife),
            Ends = [.. stored.Ends.Select(e => new EpochEnd(e.Region, e.Before,
                [.. e.Lives.Select(l => new LifeEnd(Incarnation.Read(l.Incarnation.Span), [.. l.Positions]))],
                e.AllLives))],
        };
    }

    private static ByteString ToStored(Incarnation? life)
        => life is { } known ? UnsafeByteOperations.UnsafeWrap(known.ToBytes()) : ByteString.Empty;

    private static Incarnation? ToLife(ByteString bytes) => bytes.Length == 0 ? null : Incarnation.Read(bytes.Span);

    private static bool IsPossible(StoredEpochEnd end) => Names.Check(end.Region, "region") is null
        && end.Lives.Count <= EpochEnd.MaxLives && (end.AllLives || end.Lives.Count > 0)
        && end.Lives.All(l => l.Incarnation.Length == 16 && l.Positions.Count == EntityKey.Lanes);

    /// <summary>What a journal notes, in the lane of the register.</summary>
    /// <param name="searched">Epoch through which this journal was searched for events that do not count.</param>
    public static LaneNote Note(string type, PrimaryRecord record, uint searched)
        => new(Prefix + type, new PrimaryNote
        {
            Content = UnsafeByteOperations.UnsafeWrap(Write(record)), Searched = searched,
        }.ToByteArray());

    /// <summary>What the journal has noted of all types.</summary>
    public static IEnumerable<(string Type, PrimaryRecord Record, uint Searched)> Noted(IEnumerable<LaneState> states)
    {
        foreach (var note in states.SelectMany(s => s.Notes)
            .Where(n => n.Name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            var stored = PrimaryNote.Parser.ParseFrom(note.Content.Span);
            if (Read(stored.Content.Span) is { } record)
                yield return (note.Name[Prefix.Length..], record, stored.Searched);
        }
    }
}
