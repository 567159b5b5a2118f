using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>
/// <para>Filters. Vectors are of one entity, and an entity is of one type, so no event of another type ever waits for
/// one that was left out: frontiers pass what is not for this region, and nothing is stored for it but, once a lane,
/// where that began. Frames say what was left out of the positions that they claim (placeholders); where this region
/// should have had it, that is noted as a lack, in the group in which the frontier moves.</para>
/// <para>A type that is closed here is not written to, nor shown. One that is opened stays so until what was passed has
/// come (<see cref="TypeHistories"/>): others have called it final without this region. What is lacking for another
/// reason, because a region that does not have it passed on what came after it, keeps nobody from writing; it is final
/// nowhere before it is here.</para>
/// </remarks>
internal sealed partial class LaneReplica
{
    private readonly SortedDictionary<string, FilteredType> filtered = new(StringComparer.Ordinal);
    private bool areFilterNotesLost;

    /// <summary>What was passed here and is missing, for reports; null when that cannot be said before the journal
    /// knows it.</summary>
    /// <remarks>Where there are more runs than a report may have, the types with the most are said to be missing as a
    /// whole, as a closed one is. Nobody waits for a region that is closed before it calls an event final: so it must
    /// not write the type until it is filled, nor after a restart, and that is durable first.</remarks>
    public IReadOnlyList<LackedEvents>? Lacking()
    {
        if (filtered.Count == 0)
            return [];
        var (lacks, most) = (filtered.Values.Sum(Runs), context.Options.MaxLacksPerReport);
        var merged = new HashSet<FilteredType>();
        FilteredType[] byRuns = lacks <= most ? []
            : [.. filtered.Values.Where(t => Runs(t) > 1).OrderByDescending(Runs)];
        foreach (var type in byRuns.TakeWhile(_ => lacks > most))
        {
            lacks -= Runs(type) - 1;
            merged.Add(type);
            type.CloseUntilFilled();
        }
        if (merged.Any(t => !t.IsNoteDurable))
            return null;
        return [.. filtered.Values.SelectMany(t => t.IsClosed || merged.Contains(t)
            ? [new LackedEvents(t.Name, null, 0, 0)]
            : t.Lacks.Select(l => new LackedEvents(t.Name, l.Origin, l.After, l.Through)))];

        static int Runs(FilteredType type) => type.IsClosed ? 1 : type.Lacks.Count;
    }

    private void BeginFilters(LaneState state)
    {
        foreach (var note in state.Notes.Where(FilteredType.IsOne))
        {
            var type = FilteredType.Read(note);
            if (context.Filters.Of(type.Name).Epoch > 0) // without a rule nothing of it can have been left out
                filtered.Add(type.Name, type);
        }
        areFilterNotesLost = state.NotesDamaged;
        foreach (var type in context.Filters.Types)
            FollowFilter(type);
    }

    /// <summary>The type is for this region, and here as far as that keeps anybody from writing.</summary>
    public bool Serves(string type) => filtered.Count == 0 || !filtered.TryGetValue(type, out var known)
        || known.IsServed;

    /// <summary>Nothing that was left out of the type is missing here.</summary>
    public bool IsWhole(string type) => filtered.Count == 0 || !filtered.TryGetValue(type, out var known)
        || known.IsWhole;

    /// <summary>Entities of the type are the same here and there once both have all that they are sent.</summary>
    public bool IsComparable(string type, string peer) => IsWhole(type) && context.Filters.Admits(type, peer);

    private bool IsClosedHere(string type)
        => filtered.Count > 0 && filtered.TryGetValue(type, out var known) && known.IsClosed;

    /// <summary>Types of which something is missing here among these positions of an origin.</summary>
    public IEnumerable<LeftOut> Misses(Origin origin, ulong after, ulong through)
        => filtered.Count == 0 || origin.Equals(writer.Newest) ? []
            : filtered.Values.Where(t => t.Misses(origin, after, through))
                .Select(t => new LeftOut(t.Name, t.Filter.Epoch, IsLacking: true));

    private bool Misses(string type, Origin origin, ulong through) => filtered.Count > 0
        && filtered.TryGetValue(type, out var known) && known.Misses(origin, 0, through);

    /// <summary>Another filter is in force, or this region is not alone any more.</summary>
    public void FollowFilter(string name)
    {
        if (!filtered.TryGetValue(name, out var type))
        {
            filtered.Add(name, type = new FilteredType(name));
            if (areFilterNotesLost)
                type.Close([]); // nobody knows what was passed: everything may have been, and is asked for again
        }
        var (filter, isFor) = (context.Filters.Of(name), context.Filters.AdmitsHere(name));
        if (!type.Filter.Equals(filter))
            type.Follow(filter);
        if (isFor && type.IsClosed)
            Open(type);
        else if (!isFor && !type.IsClosed)
            Close(type);
    }

    private void Close(FilteredType type)
    {
        context.Hit(Probe.FilterClosed);
        type.Close(cursors.Values.Where(c => !c.Origin.Equals(writer.Newest))
            .Select(c => (c.Origin, WithoutGapsOf(type.Name, c))).Concat(PastAlone));
        foreach (var entity in entities.Values.Where(e => e.Key.Type == type.Name && e.HeldCount > 0))
        {
            foreach (var entry in entity.Held.ToArray())
            {
                Forget(entity, entry);
                filling.Resolves.AddRange(entry.Inbound);
            }
        }
        foreach (var gap in owed.Where(o => o.Entry.Entity.Type == type.Name && !filling.Settled.Contains(o)
            && underWay?.Settled.Contains(o) != true))
            filling.Settled.Add(gap);
        ReportDue = true;
    }

    // Of these no cursor is kept.
    private IEnumerable<(Origin Origin, ulong End)> PastAlone => past.All.Where(l => !cursors.ContainsKey(l.Origin));

    private ulong WithoutGapsOf(string type, OriginCursor cursor)
        => owed.Where(o => o.Entry.Entity.Type == type && o.Entry.Origin.Equals(cursor.Origin))
            .Select(o => o.Entry.Position - 1).Append(cursor.Frontier).Min();

    // What lies beyond frontiers has to be sent anew, too: on links that begin anew.
    private void Open(FilteredType type)
    {
        context.Hit(Probe.FilterOpened);
        type.Open(cursors.Values.Where(c => !c.Origin.Equals(writer.Newest)).Select(c => (c.Origin, PassedOf(c)))
            .Concat(PastAlone));
        foreach (var cursor in cursors.Values)
            cursor.Gathered.Clear();
        ReportDue = true;
        links.CloseDialled("a filter was opened");
    }

    private static ulong PassedOf(OriginCursor c)
        => Math.Max(Math.Max(c.Highest, c.Settled), Math.Max(c.Received, c.Arrived));

    /// <summary>Placeholders of a frame that moves the frontier: what is for this region is noted as missing. Called
    /// before the frame counts as received.</summary>
    private void NotePlaceholders(OriginCursor cursor, EventsFrame frame)
    {
        if (frame.LeftOut.Count == 0)
            return;
        foreach (var left in frame.LeftOut)
        {
            if (frame.Through <= cursor.Received || IsClosedHere(left.Type))
                continue; // who is left out by its own filter knows since when
            if (!filtered.ContainsKey(left.Type))
                FollowFilter(left.Type);
            var type = filtered[left.Type];
            if (type.IsClosed)
                continue;
            type.Miss(cursor.Origin, cursor.Received, frame.Through, closes: !left.IsLacking);
            context.Hit(Probe.PlaceholderNoted);
            ReportDue = true;
        }
    }

    // Whoever sent it did not know yet, or does not know of filters. The frontier that passes it is durable before it
    // is reported: others call final what was seen, and who forgets that it has seen something could write beside it.
    private bool DropFiltered(EventRecord e, InboundFrame inbound)
    {
        if (!IsClosedHere(e.Entity.Type))
            return false;
        context.Hit(Probe.FilteredEventDropped);
        filling.Resolves.Add(inbound);
        return true;
    }

    /// <summary>Notes what was not noted, and looks whether what was missing is here.</summary>
    public void TendFilters()
    {
        if ((filtered.Count == 0 && context.Filters.AreNone) || Fenced)
            return;
        foreach (var name in context.Filters.Types)
            FollowFilter(name);
        foreach (var type in filtered.Values)
        {
            foreach (var lack in type.Lacks.ToArray())
                Tend(type, lack);
        }
        NoteFilters();
    }

    // What was claimed and not received will be claimed anew: only what a frontier has passed, or lies beyond it and is
    // here, can be missing for good.
    private void Tend(FilteredType type, Lack lack)
    {
        var cursor = Cursor(lack.Origin);
        var isUnderWay = cursor.Inbound.Count > 0 || cursor.Unplaced > 0
            || underWay?.Reached.Exists(r => r.Cursor == cursor) == true; // its frames may be forgotten
        if (!isUnderWay)
            lack.Through = Math.Min(lack.Through, Math.Max(Math.Max(cursor.Frontier, cursor.Settled),
                cursor.HighestDurable));
        var isDone = lack.Through <= lack.After || (lack.IsTaken && !IsOwedOf(type.Name));
        if (!isDone)
            return;
        type.Mend(lack);
        context.Hit(Probe.FillTaken);
        ReportDue = true;
        foreach (var entity in entities.Values.Where(e => e.Key.Type == type.Name).ToArray())
            RunWaiting(entity);
    }

    // Also of an entity that is damaged here: once it can be read again it must not be written to beside what others
    // have called final without this region.
    private bool IsOwedOf(string type) => owed.Exists(o => o.Entry.Entity.Type == type)
        || compactedQueue.Any(c => c.Frame.Entities.Any(e => e.Entity.Type == type));

    // With the frontiers that pass what they are about, or before.
    private void NoteFilters()
    {
        if (filtered.Count == 0)
            return;
        foreach (var type in filtered.Values.Where(t => t.IsNoteDue))
        {
            var (note, durable) = type.TakeNote();
            Keep(note, () =>
            {
                durable();
                ReportDue = true;
            });
        }
    }

    private void DropFilterNotes()
    {
        foreach (var type in filtered.Values)
            type.NotesDropped();
    }

    /// <summary>What is to be asked for now.</summary>
    public IEnumerable<(string Type, Lack Lack)> DueFills => filtered.Count == 0 ? [] : filtered.Values
        .SelectMany(t => t.Lacks.Select(l => (t.Name, Lack: l)))
        .Where(l => !l.Lack.IsTaken && l.Lack.NotBeforeMilliseconds <= context.Now.MonotonicMilliseconds);

    /// <summary>A peer has sent all that it has of a run.</summary>
    /// <param name="isWhole">It had all of it.</param>
    public void Filled(OpenedHistory history, string peer, bool isWhole)
    {
        if (!filtered.TryGetValue(history.Type, out var type)
            || type.Lacks.FirstOrDefault(l => l.Origin.Equals(history.Origin)) is not { } lack
            || lack.After < history.After)
            return;
        if (!isWhole)
        {
            if (lack.Asked.Count == 0)
                lack.SinceMilliseconds = context.Now.MonotonicMilliseconds;
            if (lack.Through <= history.Through)
                lack.Asked.Add(peer);
        }
        else if (lack.Through <= history.Through)
            lack.IsTaken = true;
        else
            lack.After = Math.Max(lack.After, history.Through);
    }

    /// <summary>Nobody has all of it, and everybody has sent what he has.</summary>
    public void GiveUp(string type, Lack lack)
    {
        lack.IsTaken = true;
        context.Hit(Probe.FillGivenUp);
        context.Alarm(AlarmKind.EventsLost, $"Lane {Lane}: of entity type '{type}' no region has all events of "
            + $"{lack.Origin} from position {lack.After + 1} to {lack.Through}; what there was is here. The regions "
            + "that had them were removed or lost, or left out before they had sent them.");
    }
}
