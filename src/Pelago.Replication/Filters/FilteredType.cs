using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>A run of an origin's positions in which events of a type are missing here.</summary>
internal sealed class Lack(Origin origin, ulong after, ulong through, bool closes)
{
    public Origin Origin { get; } = origin;
    public ulong After { get; set; } = after;
    public ulong Through { get; set; } = through;

    /// <summary>They were left out because this region was: it must not write before it has them, because others have
    /// called them final without it.</summary>
    public bool Closes { get; set; } = closes;

    /// <summary>All that is left of them has come, and is durable or owed.</summary>
    public bool IsTaken { get; set; }

    /// <summary>Peers that have sent what they have, and did not have all.</summary>
    public HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

    public long NotBeforeMilliseconds { get; set; } = long.MinValue;

    /// <summary>When a peer that does not have all was first asked.</summary>
    public long SinceMilliseconds { get; set; }

    public void Extend(ulong from, ulong to, bool closing)
    {
        if (from >= After && to <= Through && closing == Closes)
            return;
        (After, Through, Closes) = (Math.Min(After, from), Math.Max(Through, to), Closes || closing);
        IsTaken = false;
        Asked.Clear();
    }
}

/// <summary>What one lane knows about a type that has, or had, a filter: whether its events are for this region, and
/// which were passed that are not here. A note of the lane, in the group in which frontiers pass the first of
/// these.</summary>
internal sealed class FilteredType(string name)
{
    private const string Prefix = "filter/";
    private readonly SortedDictionary<Origin, Lack> lacks = [];
    private SortedDictionary<Origin, ulong>? since;
    private ulong version;
    private ulong noted;
    private ulong stored;

    public string Name { get; } = name;

    public EntityFilter Filter { get; private set; } = EntityFilter.None;

    /// <summary>The type is not for this region: its events are passed.</summary>
    public bool IsClosed => since is not null;

    /// <summary>Its entities are here as a whole, or as whole as replication is: commands and reads can be
    /// answered.</summary>
    public bool IsServed => since is null && lacks.Values.All(l => !l.Closes);

    public bool IsWhole => since is null && lacks.Count == 0;

    public IReadOnlyCollection<Lack> Lacks => lacks.Values;

    /// <summary>The journal has yet to be told.</summary>
    public bool IsNoteDue => noted < version;

    /// <summary>The journal has all of it.</summary>
    public bool IsNoteDurable => stored == version;

    public void Follow(EntityFilter filter) => (Filter, version) = (filter, version + 1);

    /// <summary>From now on its events are passed.</summary>
    /// <param name="frontiers">How far they are here as a whole, of each origin.</param>
    public void Close(IEnumerable<(Origin Origin, ulong Position)> frontiers)
    {
        since = [];
        foreach (var (origin, position) in frontiers)
            since[origin] = lacks.TryGetValue(origin, out var lack) ? Math.Min(lack.After, position) : position;
        lacks.Clear();
        version++;
    }

    /// <summary>A life of this journal is over: its events are here, whatever comes of them now.</summary>
    public void KeepOwn(Origin closed, ulong position)
    {
        if (since is not null && position > 0)
            (since[closed], version) = (position, version + 1);
    }

    /// <summary>From now on its events are taken; what was passed is missing.</summary>
    public void Open(IEnumerable<(Origin Origin, ulong Through)> passed)
    {
        foreach (var (origin, through) in passed)
        {
            var after = since!.GetValueOrDefault(origin);
            if (through > after)
                lacks[origin] = new Lack(origin, after, through, closes: true);
        }
        since = null;
        version++;
    }

    /// <summary>A frame claims positions whose events of the type were left out.</summary>
    public void Miss(Origin origin, ulong after, ulong through, bool closes)
    {
        if (lacks.TryGetValue(origin, out var lack))
            lack.Extend(after, through, closes);
        else
            lacks[origin] = new Lack(origin, after, through, closes);
        version++;
    }

    /// <summary>The type is not written here before nothing is missing.</summary>
    public void CloseUntilFilled()
    {
        foreach (var lack in lacks.Values.Where(l => !l.Closes))
            (lack.Closes, version) = (true, version + 1);
    }

    /// <summary>What was missing is here, or is nowhere.</summary>
    public void Mend(Lack lack)
    {
        lacks.Remove(lack.Origin);
        version++;
    }

    /// <summary>Events of the origin among these positions may be missing here.</summary>
    public bool Misses(Origin origin, ulong after, ulong through) => since is not null
        ? through > since.GetValueOrDefault(origin)
        : lacks.TryGetValue(origin, out var lack) && lack.After < through && lack.Through > after;

    /// <summary>The present content as a note.</summary>
    /// <returns>The note, and what to call once it is durable.</returns>
    public (LaneNote Note, Action Durable) TakeNote()
    {
        var at = version;
        noted = version;
        return (ToNote(), () => stored = at);
    }

    /// <summary>A group failed: what was noted with it is noted again.</summary>
    public void NotesDropped() => noted = stored;

    public static bool IsOne(LaneNote note) => note.Name.StartsWith(Prefix, StringComparison.Ordinal);

    public static FilteredType Read(LaneNote note)
    {
        var content = FilterNote.Parser.ParseFrom(note.Content.Span);
        var type = new FilteredType(note.Name[Prefix.Length..])
        {
            Filter = FilterCodec.From(content.Filter) ?? EntityFilter.None,
        };
        if (content.Closed)
            type.since = [];
        foreach (var kept in content.Since)
            type.since?.Add(From(kept.Origin), kept.Position);
        foreach (var lack in content.Lacks)
            type.lacks[From(lack.Origin)] = new Lack(From(lack.Origin), lack.After, lack.Through, lack.Closes);
        return type;
    }

    private LaneNote ToNote()
    {
        var content = new FilterNote { Filter = FilterCodec.ToStored(Filter), Closed = IsClosed };
        foreach (var (origin, position) in since ?? [])
            content.Since.Add(new StoredPosition { Origin = To(origin), Position = position });
        content.Lacks.AddRange(lacks.Values.Select(l => new StoredLack
        {
            Origin = To(l.Origin), After = l.After, Through = l.Through, Closes = l.Closes,
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
