using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>Events of a type and an origin that did not leave their region while they were written, and may since: from
/// after one position of the lane at their origin through another one.</summary>
public sealed record OpenedHistory(string Type, Origin Origin, ulong After, ulong Through)
{
    /// <summary>Whoever has the other one has this one, too.</summary>
    internal bool IsPartOf(OpenedHistory other) => Type == other.Type && Origin.Equals(other.Origin)
        && other.After <= After && other.Through >= Through;
}

/// <summary>What one lane knows about a type that is, or once was, local: where the rows begin that stay here, and
/// which histories were opened since. A note of the lane, written with the first such row.</summary>
internal sealed class LocalType(string name)
{
    private const string Prefix = "local/";
    private readonly List<OpenedHistory> opened = [];
    private ulong version;
    private ulong noted;
    private ulong stored;

    public string Name { get; } = name;

    /// <summary>Own rows after this position of this life, and those of later lives, stay here; null when none
    /// do.</summary>
    public (Origin Origin, ulong Position)? Since { get; private set; }

    /// <summary>Histories that are here as a whole, other regions' among them.</summary>
    public IReadOnlyList<OpenedHistory> Opened => opened;

    /// <summary>What may be offered to others, because a restart knows it, too.</summary>
    public IReadOnlyList<OpenedHistory> Offered { get; private set; } = [];

    /// <summary>The journal has yet to be told.</summary>
    public bool IsNoteDue => noted < version;

    /// <summary>No event stays here, and a restart knows what did and is offered.</summary>
    public bool IsOpen => Since is null && stored == version;

    /// <summary>True when an own row stays here.</summary>
    public bool Withholds(Origin origin, ulong position) => Since is { } since
        && (origin.Equals(since.Origin) ? position > since.Position
            : origin.Incarnation.CompareTo(since.Origin.Incarnation) > 0);

    public void Close(Origin origin, ulong position) => (Since, version) = ((origin, position), version + 1);

    /// <summary>What stayed here may go to the others.</summary>
    public void Open(IEnumerable<OpenedHistory> histories)
    {
        opened.AddRange(histories);
        (Since, version) = (null, version + 1);
    }

    /// <summary>Another region's history has been taken as a whole.</summary>
    public void Add(OpenedHistory history)
    {
        opened.Add(history);
        version++;
    }

    /// <summary>The present content as a note.</summary>
    /// <returns>The note, and what to call once it is durable.</returns>
    public (LaneNote Note, Action Durable) TakeNote()
    {
        var (at, offered) = (version, opened.ToArray());
        noted = version;
        return (ToNote(), () => (stored, Offered) = (at, offered));
    }

    /// <summary>A group failed: what was noted with it is noted again.</summary>
    public void NotesDropped() => noted = stored;

    public static bool IsOne(LaneNote note) => note.Name.StartsWith(Prefix, StringComparison.Ordinal);

    public static LocalType Read(LaneNote note)
    {
        var content = LocalTypeNote.Parser.ParseFrom(note.Content.Span);
        var type = new LocalType(note.Name[Prefix.Length..]);
        if (content.SinceOrigin is { } since)
            type.Since = (From(since), content.Since);
        type.opened.AddRange(content.Opened.Select(o
            => new OpenedHistory(type.Name, From(o.Origin), o.After, o.Through)));
        type.Offered = [.. type.opened];
        return type;
    }

    private LaneNote ToNote()
    {
        var content = new LocalTypeNote();
        if (Since is { } since)
            (content.SinceOrigin, content.Since) = (To(since.Origin), since.Position);
        content.Opened.AddRange(opened.Select(o => new StoredHistory
        {
            Origin = To(o.Origin), After = o.After, Through = o.Through,
        }));
        return new LaneNote(Prefix + Name, content.ToByteArray());
    }

    private static StoredOrigin To(Origin origin) => new()
    {
        Region = origin.Region, Incarnation = ByteString.CopyFrom(origin.Incarnation.ToBytes()),
    };

    private static Origin From(StoredOrigin stored)
        => new(stored.Region, Incarnation.Read(stored.Incarnation.Span));
}
