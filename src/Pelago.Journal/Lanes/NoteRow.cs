using Pelago.Replication;
using Pelago.Replication.Stored;

namespace Pelago.Journal;

/// <summary>A lane's note as it lies in the store.</summary>
internal readonly record struct NoteRow(byte[] Hash, long Salt, long Nonce, byte[] Sealed)
{
    /// <summary>Opens a lane's notes.</summary>
    /// <param name="damaged">Some did not open and are left out; nothing says which.</param>
    public static IReadOnlyList<LaneNote> Open(int lane, IReadOnlyList<NoteRow> rows, Opener opener, out bool damaged)
    {
        var notes = new List<LaneNote>(rows.Count);
        foreach (var row in rows)
        {
            if (!row.IsSound(lane, opener, out var content))
                continue;
            var stored = SealedNote.Parser.ParseFrom(content);
            notes.Add(new LaneNote(stored.Name, stored.Content.Memory));
        }
        damaged = notes.Count < rows.Count;
        return notes;
    }

    /// <summary>False when it was damaged or altered.</summary>
    public bool IsSound(int lane, Opener opener, out byte[] content)
    {
        content = [];
        return Hash.Length == EntityBox.HashBytes && opener.TryOpen(
            SealDomain.Note, Salt, Nonce, SideSealer.ReplyColumns(lane, Hash), Sealed, out content);
    }
}
