using Pelago.Model;
using Pelago.Replication;
using Pelago.Replication.Stored;

namespace Pelago.Tests.Simulation;

// What was left out. It is read from the stored form, not by the kernel's own code.
internal sealed partial class ReplicaOracle
{
    private readonly HashSet<(int Lane, string Type)> closed = [];

    /// <summary>The type's filter leaves this region out, as its disk says.</summary>
    public bool IsClosed(EntityKey entity) => IsApart(entity) || NoteOf(entity) is { Closed: true };

    /// <summary>Nothing of the type is noted as missing.</summary>
    public bool IsWhole(EntityKey entity) => !IsPartial(entity)
        && (NoteOf(entity) is not { } note || (!note.Closed && note.Lacks.Count == 0));

    /// <summary>The event may be missing here, and the disk says so.</summary>
    public bool IsLackNoted(EventRecord e)
    {
        if (NoteOf(e.Entity) is not { } note)
            return false;
        return note.Closed
            ? e.OriginPosition > (note.Since.FirstOrDefault(s => Is(s.Origin, e.Origin))?.Position ?? 0)
            : note.Lacks.Any(l => Is(l.Origin, e.Origin) && l.After < e.OriginPosition
                && e.OriginPosition <= l.Through);
    }

    /// <summary>What the disk says is missing, for people.</summary>
    public string? Lacking(EntityKey entity) => NoteOf(entity)?.ToString();

    private FilterNote? NoteOf(EntityKey entity)
        => Disk.State.Lanes[entity.Lane].Notes.TryGetValue("filter/" + entity.Type, out var note)
            ? FilterNote.Parser.ParseFrom(note.Content.Span) : null;

    private static bool Is(StoredOrigin stored, Origin origin) => stored.Region == origin.Region
        && stored.Incarnation.Span.SequenceEqual(origin.Incarnation.ToBytes());

    // What was closed durably before the group takes nothing of others.
    private void CheckFiltered(EventRow row)
    {
        if (!row.Own && closed.Contains((row.Event.Entity.Lane, row.Event.Entity.Type)))
            Fail($"took {row.Event}, which its filter leaves out");
    }

    private void NoteClosed()
    {
        closed.Clear();
        for (var lane = 0; lane < Disk.State.Lanes.Length; lane++)
        {
            foreach (var note in Disk.State.Lanes[lane].Notes.Values
                .Where(n => n.Name.StartsWith("filter/", StringComparison.Ordinal)))
            {
                if (FilterNote.Parser.ParseFrom(note.Content.Span).Closed)
                    closed.Add((lane, note.Name["filter/".Length..]));
            }
        }
    }
}
