using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Everything that judges a run, apart from the kernel: one <see cref="ReplicaOracle"/> a disk, the book of
/// events,
/// the ledger of acknowledged writes, and the checks of reads. Whatever does not hold throws.</summary>
internal sealed class OracleSet
{
    private readonly SimulatedGroup group;
    private readonly Dictionary<SimulatedDisk, ReplicaOracle> replicas = [];
    private readonly HashSet<string> forgetful = [];
    private readonly Dictionary<string, ReplicaOracle> acknowledged = [];
    private readonly HashSet<string> lostLines = [];
    private readonly Dictionary<string, string> staying = [];
    private readonly Dictionary<string, EntityKey> filteredLines = [];
    private readonly HashSet<(string Region, string Line)> missingAfterLoss = [];
    private readonly HashSet<(string Region, string Line)> taken = [];
    private readonly Dictionary<string, int> levels = [];

    internal OracleSet(SimulatedGroup group) => this.group = group;

    /// <summary>Every event of the run.</summary>
    public EventBook Book { get; } = new();

    /// <summary>All watched disks.</summary>
    public IEnumerable<ReplicaOracle> Replicas => replicas.Values;

    /// <summary>Writes that were acknowledged.</summary>
    public int Acknowledged => acknowledged.Count;

    /// <summary>Acknowledged writes that a declared loss took from the only journal that had them.</summary>
    public int AcknowledgedLost => acknowledged.Keys.Count(lostLines.Contains);

    /// <summary>Reads that were answered, by whether they could be.</summary>
    public int ReadsAnswered { get; private set; }

    /// <summary>Reads that failed.</summary>
    public int ReadsFailed { get; private set; }

    /// <summary>Alarms by kind.</summary>
    public Dictionary<AlarmKind, int> Alarms { get; } = [];

    /// <summary>Kinds of alarm that end the run.</summary>
    public HashSet<AlarmKind> Fatal { get; } =
    [
        AlarmKind.Fork, AlarmKind.Parked,
        // Nothing is left for a comparison to find.
        AlarmKind.EventsMended, AlarmKind.StateMended, AlarmKind.StatesDiffer,
    ];

    /// <summary>The oracle of a region's disk.</summary>
    public ReplicaOracle Of(SimulatedRegion region) => replicas[region.Disk];

    /// <summary>Some disk lost something: what is written after that may be concurrent to what was final.</summary>
    public bool SomethingWasLost => forgetful.Count > 0;

    /// <summary>Regions whose disk was set back while its guard file says no more than that the process died.
    /// </summary>
    public HashSet<string> UntoldLosses { get; } = [];

    /// <summary>Every region notes which last-writer-wins values were overwritten.</summary>
    public bool IsLedgerJudged { get; set; } = true;

    /// <summary>Regions of which two processes ran: what one calls over, the other may go on with.</summary>
    public HashSet<string> Cloned { get; } = [];

    /// <summary>Judges what a read shows of a type whose primary moves, of which some events may not count; null when
    /// there is none.</summary>
    public Action<SimulatedRegion, EntityKey, EventRecord[], EntityView>? JudgeMoving { get; set; }

    /// <summary>Watches a disk from now on.</summary>
    public void Watch(string region, SimulatedDisk disk) => replicas[disk] = new ReplicaOracle(region, disk, Book)
    {
        Forgetful = forgetful, Cloned = Cloned, IsLostForGood = IsLostForGood, All = HoldingWhatIsFinal,
        IsInSomeJournal = e => group.Serving.Any(r => Of(r) is var other && other.Has(e) && !other.IsWithheld(e)),
    };

    // What is final every member has; a region that joins gets it before it has joined.
    private IEnumerable<ReplicaOracle> HoldingWhatIsFinal() => group.Configurations.Newest is not { } newest
        ? replicas.Values
        : group.Regions.Where(r => newest.Find(r.Name) is { IsJoining: false })
            .Select(r => replicas.GetValueOrDefault(r.Disk)).OfType<ReplicaOracle>();

    /// <summary>Notes that a disk lost its end.</summary>
    public void RolledBack(SimulatedRegion region, IReadOnlyList<EventRecord> gone)
    {
        forgetful.Add(region.Name);
        group.Say(region, $"loses {gone.Count} rows: {string.Join(", ", gone)}");
        Of(region).Rebuild();
        foreach (var e in gone)
        {
            missingAfterLoss.Add((region.Name, EventBook.Text(e)));
            taken.Add((region.Name, EventBook.Text(e)));
            if (replicas.Values.Any(r => r.Has(e) && !r.IsWithheld(e)))
                continue;
            Book.Lost(e);
            lostLines.Add(EventBook.Text(e));
            CheckLost(e);
        }
    }

    // One region of a run loses disks: what was acknowledged in two outlives that.
    private void CheckLost(EventRecord e)
    {
        var line = EventBook.Text(e);
        if (levels.TryGetValue(line, out var level) && !replicas.Values.Any(r => r.HasLine(line)))
            throw new OracleException($"'{line}' was acknowledged in {level} regions and is lost with one disk.");
    }

    /// <summary>A disk is gone with everything that only it has.</summary>
    public void Removed(SimulatedRegion region)
    {
        var removed = Of(region);
        replicas.Remove(region.Disk);
        group.Say(region, "is gone for good");
        foreach (var e in removed.Entities.SelectMany(removed.Events))
        {
            taken.Add((region.Name, EventBook.Text(e)));
            if (replicas.Values.Any(r => r.Has(e) && !r.IsWithheld(e)))
                continue;
            Book.Lost(e);
            lostLines.Add(EventBook.Text(e));
            CheckLost(e);
        }
    }

    internal void Started(SimulatedRegion region, Continuity continuity)
    {
        if (region.Disk.IsSetBack && continuity == Continuity.Unclean)
            UntoldLosses.Add(region.Name);
        region.Disk.IsSetBack = false;
        var alive = group.Regions.Count(r => r.Up && r.Name == region.Name);
        if (alive > 1)
            throw new OracleException($"{region.Name} runs twice.");
    }

    internal void Ended(SimulatedRegion region)
    {
        foreach (var (line, at) in acknowledged)
        {
            if (at == Of(region) && !missingAfterLoss.Contains((region.Name, line)) && !at.HasLine(line))
                throw new OracleException($"{region.Name} acknowledged '{line}' and does not have it after it died.");
        }
    }

    internal void Alarmed(SimulatedRegion region, Alarm alarm)
    {
        Alarms[alarm.Kind] = Alarms.GetValueOrDefault(alarm.Kind) + 1;
        if (Fatal.Contains(alarm.Kind))
            throw new OracleException($"{region.Name} raised {alarm.Kind}: {alarm.Text}");
    }

    internal void Answered(SimulatedRegion region, Operation operation, RequestResult result)
    {
        if (result.Failure is not null)
            return;
        var replica = Of(region);
        foreach (var line in operation.Lines)
        {
            if (!replica.HasLine(line))
                throw new OracleException(
                    $"{region.Name} acknowledged '{line}' of {operation.Entity} before it was durable.");
            acknowledged[line] = replica;
            if (Book.LocalTypes.Contains(operation.Entity.Type))
                staying[line] = operation.Entity.Type;
            if (Book.FilteredTypes.Contains(operation.Entity.Type) || Book.RegionTypes.Contains(operation.Entity.Type))
                filteredLines[line] = operation.Entity;
            CheckLevel(region, operation, line);
        }
        CheckPoints(region, result);
    }

    // At the moment of the acknowledgement it is in as many journals, or was until a declared loss that nobody could
    // have told of yet.
    internal void CheckLevel(SimulatedRegion region, Operation operation, string line)
    {
        var level = operation.Level ?? TestTypes.All[operation.Entity.Type].Acknowledgement;
        // Of those who were members when it was carried out; they may be more or fewer by now.
        var members = group.Configurations.Newest is { Epoch: > 1 } ? group.Configurations.FewestSettled
            : group.Members.Count;
        if (Book.RegionTypes.Contains(operation.Entity.Type) && Of(region).Events(operation.Entity)
            .FirstOrDefault(e => EventBook.Text(e) == line)?.Regions is { } rule)
            members = group.Members.Count(m => ReplicaOracle.LetsIn(rule, m));
        var needed = level.In(members);
        var holders = replicas.Values.Select(r => r.Region).Distinct().Count(name => taken.Contains((name, line))
            || replicas.Values.Any(r => r.Region == name && r.HasLine(line)));
        if (holders < needed)
            throw new OracleException(
                $"{region.Name} acknowledged '{line}' of {operation.Entity} at level {level} with {holders} holders.");
        if (needed > 1)
            levels[line] = Math.Max(needed, levels.GetValueOrDefault(line));
    }

    private void CheckPoints(SimulatedRegion region, RequestResult result)
    {
        var replica = Of(region);
        foreach (var point in result.Points)
        {
            if (replica.Seen(point.Entity)[point.Origin] < point.Sequence)
                throw new OracleException($"{region.Name} gave a token for {point}, which it does not have.");
            var e = Book.Find(new EventName(point.Entity, point.Origin, point.Sequence));
            if (e is not null && e.OriginPosition > point.Position)
                throw new OracleException($"{region.Name} gave a token for {point}, which lies before {e} itself.");
        }
    }

    internal void ReadAnswered(
        SimulatedRegion region, EntityKey entity, ReadCondition condition, RequestResult result)
    {
        if (result.Failure is not null)
        {
            ReadsFailed++;
            return;
        }
        ReadsAnswered++;
        var view = (EntityView)result.Value!;
        var replica = Of(region);
        CheckToken(region, entity, condition, view);
        CheckPoints(region, result);
        if (!replica.Seen(entity).Covers(view.Seen))
            throw new OracleException(
                $"{region.Name} showed {view.Seen} of {entity} and has only {replica.Seen(entity)}.");
        // What is withheld where the entity is shown was given up.
        var shown = replica.Events(entity).Where(e => view.Seen[e.Origin] >= e.Sequence && !e.IsWithheld).ToArray();
        if ((ulong)shown.Length != view.Count)
            throw new OracleException(
                $"{region.Name} counts {view.Count} events of {entity}, the journal {shown.Length}.");
        CheckState(region, entity, view, shown);
        NoteFinal(replica, entity, view, shown);
    }

    private void CheckState(SimulatedRegion region, EntityKey entity, EntityView view, EventRecord[] shown)
    {
        if (Book.MovingTypes.Contains(entity.Type))
        {
            JudgeMoving!(region, entity, shown, view);
            return;
        }
        var type = TestTypes.All[entity.Type];
        var (expected, actual) = (ReferenceFold.State(type, entity.Id, shown), type.EncodeComparable(view.State));
        if (!expected.AsSpan().SequenceEqual(actual))
        {
            throw new OracleException(
                $"{region.Name} shows {entity} as '{System.Text.Encoding.UTF8.GetString(actual)}'; "
                + $"its {shown.Length} events make '{System.Text.Encoding.UTF8.GetString(expected)}'.");
        }
    }

    private void CheckToken(SimulatedRegion region, EntityKey entity, ReadCondition condition, EntityView view)
    {
        foreach (var slot in condition.Sequences)
        {
            if (slot.Origin.Region != region.Name && Book.LocalTypes.Contains(entity.Type))
                continue; // another region's entity of that name
            if (view.Seen[slot.Origin] < slot.Count)
                throw new OracleException(
                    $"{region.Name} showed less of {entity} than the token asks: {view.Seen}, not {slot}.");
        }
        foreach (var position in condition.Positions)
        {
            var missing = Book.Between(entity.Lane, position.Origin, 0, position.Position)
                .FirstOrDefault(e => e.Entity == entity && view.Seen[e.Origin] < e.Sequence
                    && !IsLostForGood(EventName.Of(e)));
            if (missing is not null)
                throw new OracleException(
                    $"{region.Name} showed {entity} without {missing}, which the token's position covers.");
        }
    }

    // Everything that is shown and not in the tail was called final.
    private static void NoteFinal(ReplicaOracle replica, EntityKey entity, EntityView view, EventRecord[] shown)
    {
        var open = view.Tail.Select(EventName.Of).ToHashSet();
        var final = VersionVector.Empty;
        foreach (var e in shown)
        {
            if (!open.Contains(EventName.Of(e)) && final[e.Origin] < e.Sequence)
                final = final.With(e.Origin, e.Sequence);
        }
        replica.CalledFinal(entity, final);
    }

    /// <summary>Looks into a kernel: what it calls final, and whether it keeps its bounds.</summary>
    public void Inspect(SimulatedRegion region)
    {
        if (region.Describe() is not { } described)
            return;
        var replica = Of(region);
        foreach (var lane in described.Lanes)
        {
            foreach (var (origin, _, final) in lane.FinalThrough)
                replica.CalledFinal(lane.Lane, origin, final);
            // Three times: what was released into two groups that failed is held again, beside what came meanwhile.
            var bound = 3 * (region.Options.MaxHeldPerEntity + 1) * Math.Max(1, lane.Entities);
            if (lane.Held > bound)
                throw new OracleException(
                    $"{region.Name} holds {lane.Held} events back in lane {lane.Lane}, at most {bound} are allowed.");
        }
    }

    /// <summary>Acknowledged writes that a replica does not have although they are not lost, do not stay where they
    /// were written, and no region that was removed before it had sent them has them alone.</summary>
    public IEnumerable<string> Missing(ReplicaOracle replica) => acknowledged.Keys.Where(line => !replica.HasLine(line)
        && !lostLines.Contains(line) && !(staying.TryGetValue(line, out var type) && Book.LocalTypes.Contains(type)
            && acknowledged[line].Region != replica.Region) && !IsStranded(line) && !IsLeftOut(line, replica));

    /// <summary>No member has the line: it was lost with the disks that had it, or its region was removed before
    /// anybody else had it.</summary>
    public bool IsLineLost(string line) => !group.Regions.Any(r => Of(r).HasLine(line))
        && (lostLines.Contains(line) || group.Gone.Any(g => replicas.TryGetValue(g.Disk, out var gone)
            && gone.HasLine(line)));

    // Of a type that is not for this region.
    private bool IsLeftOut(string line, ReplicaOracle replica) => filteredLines.TryGetValue(line, out var entity)
        && replica.IsClosed(entity);

    // Its region was removed, and no member has it: what waits for it may be taken without it.
    private bool IsLostForGood(EventName name) => group.Configurations.Newest is { } newest
        && group.Configurations.WasEverRemoved(name.Origin.Region)
        && !group.Regions.Where(r => newest.Find(r.Name) is not null)
            .Any(r => Of(r).Events(name.Entity).Any(e => EventName.Of(e) == name));

    private bool IsStranded(string line) => group.Gone.Any(g => g.Disk == acknowledged[line].Disk)
        && !group.Regions.Any(r => Of(r).HasLine(line));
}
