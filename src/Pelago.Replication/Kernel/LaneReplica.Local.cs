using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>
/// <para>Types that are local. Their events are written as all others are: with a position of the lane, an origin and a
/// vector, so that nothing need be rewritten when the type becomes replicated. They only do not leave: feeds, answers
/// to fetches and comparisons leave them out, and frontiers pass them, as they pass everything that is another
/// origin's.</para>
/// <para>So a frontier says nothing about them when the type is opened later. A note of the lane, written with the
/// first such row, says from which position on they stayed here, and what was opened; who has passed them asks for them
/// as for a history of its own (<see cref="TypeHistories"/>). What was replicated before the type became local stays
/// open to whoever still lacks it.</para>
/// </remarks>
internal sealed partial class LaneReplica
{
    private readonly SortedDictionary<string, LocalType> localTypes = new(StringComparer.Ordinal);

    /// <summary>Histories that other regions may ask for.</summary>
    public IReadOnlyList<OpenedHistory> OpenedHistories
        => localTypes.Count == 0 ? [] : [.. localTypes.Values.SelectMany(t => t.Offered)];

    // When notes are lost nobody knows where rows began to stay here: all that this region ever wrote of such a type
    // does.
    private void BeginLocal(LaneState state)
    {
        foreach (var note in state.Notes.Where(LocalType.IsOne))
        {
            var type = LocalType.Read(note);
            localTypes.Add(type.Name, type);
        }
        if (!state.NotesDamaged || OwnLives().Order().FirstOrDefault() is not { } first)
            return;
        foreach (var name in context.LocalTypes)
        {
            if (!localTypes.ContainsKey(name))
                LocalOf(name).Close(first, 0);
        }
    }

    private LocalType LocalOf(string name)
    {
        if (!localTypes.TryGetValue(name, out var type))
            localTypes.Add(name, type = new LocalType(name));
        return type;
    }

    /// <summary>True when the event is not shown to other regions.</summary>
    public bool Withholds(EventRecord e) => localTypes.Count > 0 && e.Origin.Region == context.Options.Region
        && localTypes.TryGetValue(e.Entity.Type, out var type) && type.Withholds(e.Origin, e.OriginPosition);

    /// <summary>True when a type's entities are this region's own affair: they are not compared with other
    /// regions'.</summary>
    public bool StaysHere(string type)
        => context.ModeOf(type).IsLocal || localTypes.GetValueOrDefault(type) is { Since: not null };

    /// <summary>Types of which events stay here, or stayed and are not offered yet.</summary>
    public IEnumerable<string> LocalTypes => localTypes.Count == 0 ? context.LocalTypes
        : context.LocalTypes.Union(localTypes.Values.Where(t => !t.IsOpen).Select(t => t.Name));

    // Members that keep events of a type to themselves, or lack what others kept: who has these is in no report, and
    // they may come before what positions call final. Of whom nothing was heard, too.
    private IReadOnlyList<string> WithoutHistories(string type)
    {
        OpenedHistory[] own = [.. OpenedHistories.Where(h => h.Type == type)];
        var offered = own.Concat(links.Peers.SelectMany(p => p.Reports[Lane]?.Opened ?? []).Where(h => h.Type == type))
            .Distinct().ToArray();
        var without = links.Peers.Where(p => p.Reports[Lane] is not { } report || report.Local.Contains(type)
            || !HasAll(report.Opened) || report.Lacks.Any(l => l.Type == type)
            || !context.Filters.Admits(type, p.Name)).Select(p => p.Name);
        return HasAll(own) && !LocalTypes.Contains(type) && IsWhole(type) ? [.. without]
            : [.. without, context.Options.Region];

        bool HasAll(IReadOnlyList<OpenedHistory> taken) => Array.TrueForAll(offered, h => taken.Any(h.IsPartOf));
    }

    /// <summary>The history is here as a whole.</summary>
    public bool HasTaken(OpenedHistory history)
        => localTypes.TryGetValue(history.Type, out var type) && type.Opened.Any(history.IsPartOf);

    // Of what stays in its region nothing can be waited for in another one.
    private bool StaysElsewhere(EntityReplica entity, Origin origin)
        => entity.Type.Mode.IsLocal && origin.Region != context.Options.Region;

    // With the first row of a life that stays here, in its group: who reads the one in the journal reads the other.
    private void KeepHere(string name, Origin origin)
    {
        var type = LocalOf(name);
        if (type.Since is null)
            type.Close(origin, OwnHead);
        if (type.IsNoteDue)
            Note(type);
    }

    private void Note(LocalType type)
    {
        var (note, durable) = type.TakeNote();
        Keep(note, () =>
        {
            durable();
            (ReportDue, isRipe) = (true, true);
        });
    }

    /// <summary>Opens what stayed here of types that are declared otherwise by now.</summary>
    public void TendLocal()
    {
        if (localTypes.Count == 0 || Fenced)
            return;
        foreach (var type in localTypes.Values)
        {
            if (type.Since is { } since && context.Knows(type.Name) && !context.ModeOf(type.Name).IsLocal)
            {
                type.Open(StayedSince(type.Name, since.Origin, since.Position));
                context.Hit(Probe.HistoryOpened);
            }
            if (type.IsNoteDue)
                Note(type);
        }
    }

    // Through the head of this moment: what is committed from now on goes out as everything else does.
    private OpenedHistory[] StayedSince(string type, Origin first, ulong position)
        => [.. OwnLives().Where(o => o.Incarnation.CompareTo(first.Incarnation) >= 0)
            .Select(o => new OpenedHistory(type, o, o.Equals(first) ? position : 0, HighestOf(o)))
            .Where(o => o.Through > o.After)];

    /// <summary>Another region's history is here as a whole, and may be offered on.</summary>
    public void Taken(OpenedHistory history)
    {
        LocalOf(history.Type).Add(history);
        context.Hit(Probe.HistoryTaken);
    }

    // A group failed: notes that were to be durable with it are not.
    private void DropLocalNotes()
    {
        foreach (var type in localTypes.Values)
            type.NotesDropped();
    }
}
