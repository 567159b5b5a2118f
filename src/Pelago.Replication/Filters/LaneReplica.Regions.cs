using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>
/// <para>Filters of single entities. A rule is an event of its entity, and each later event of the entity carries the
/// rule that its author knew. So whom an event is for is decided once, where it is written, and everybody who sees the
/// event says the same; nobody has to have heard of anything else. A region that it is not for stores a placeholder in
/// its place: one row, with number, vector and position, so that frontiers, causes and finality are what they are
/// elsewhere.</para>
/// <para>1. What comes in full and is not for this region becomes a placeholder here, unless a later rule lets this
/// region in. 2. A placeholder of what is for this region says that its sender does not have it: it is owed, and taken
/// only once every member was asked for the event and the life that wrote it is over. 3. A full event of which there
/// is a placeholder fills it: another row; the vector stays. 4. What nobody has any more is given up, by a second row
/// of its placeholder. 5. Once nothing is missing, the entity is read again from its first event.</para>
/// <para>An entity that is not for this region, or not whole, is neither written nor shown here.</para>
/// </remarks>
internal sealed partial class LaneReplica
{
    private const int MaxUnfilled = 4_096;
    private readonly SortedDictionary<EntityKey, RegionFill> unfilled = [];

    /// <summary>Entities that are for this region and not whole.</summary>
    public IReadOnlyCollection<RegionFill> Unfilled => unfilled.Values;

    // Who runs alone, on a developer's machine for example, has all that there is, whomever the rule lets in.
    private bool ServesEntity(EntityReplica entity)
        => !entity.IsPartial && context.InForce(entity.Regions)?.Admits(context.Options.Region) != false;

    private static bool KeepsRows(EntityReplica entity) => entity.Type.HasRegions || entity.Regions is not null;

    private static Failure KeptForRegions(EntityKey entity) => new(ErrorCodes.NotCompactable,
        $"Rows of {entity} stay: it may have a filter of its own, and a region that it is opened to needs them.",
        "Rows go of types without RegionsPerEntity().");

    // True when it has been dealt with.
    private bool TakeOfRegions(EntityReplica entity, EventRecord e, InboundFrame inbound)
    {
        if (!e.IsWithheld && entity.Lacks(e) && entity.IsFor(context.Options.Region))
        {
            Fill(entity, e);
            filling.Resolves.Add(inbound);
            return true;
        }
        if (!IsMissingThere(e) || e.Sequence <= entity.Seen[e.Origin] || TakesPlaceholders(e))
            return false;
        context.Hit(Probe.WithheldOwed);
        PassOver(entity, e, inbound); // its sender does not have it
        return true;
    }

    /// <summary>A placeholder of an event that is for this region: whoever sent it does not have it.</summary>
    public bool IsMissingThere(EventRecord e) => e.IsWithheld && e.IsFor(context.Options.Region);

    private bool TakesPlaceholders(EventRecord e) => owed.Exists(o => o.TakesPlaceholders && IsOfGap(o, e));

    /// <summary>Nobody has what is owed, and somebody has placeholders of it: these are taken, because what comes after
    /// them is in journals, and says what holds for the entity. They are filled if it comes after all.</summary>
    /// <returns>False when that was tried, or there is none.</returns>
    public bool TakePlaceholders(OwedGap gap)
    {
        if (gap.TakesPlaceholders || gap.PlaceholdersAt.Count == 0)
            return false;
        gap.TakesPlaceholders = true;
        gap.PlaceholdersAt.Clear();
        gap.NothingAt.Clear();
        gap.InVainAt.Clear();
        context.Hit(Probe.PlaceholdersTaken);
        return true;
    }

    // The rule that it carries is known by now, because whatever set it is a cause of the event; or that is lost.
    private EventRecord AsTaken(EntityReplica entity, EventRecord e)
    {
        var own = context.Options.Region;
        if (e.Regions is not { } rule || e.IsFor(own)
            || (entity.Regions is { } known && known.Epoch >= rule.Epoch && known.Admits(own)))
            return e;
        context.Hit(Probe.Withheld);
        return e.Withheld();
    }

    private void Fill(EntityReplica entity, EventRecord e)
    {
        entity.Fill(e);
        AddRow(entity, e, own: false);
        context.Hit(Probe.PlaceholderFilled);
        if (!entity.IsPartial)
            entity.NeedsHistory = true; // once the rows are durable
    }

    /// <summary>Nobody has what was withheld, and nobody will: the entity is what the others make of it, without
    /// that.</summary>
    /// <param name="placeholders">What is given up.</param>
    public void GiveUp(EntityKey key, IReadOnlyList<EventRecord> placeholders) => WithEntity(key, entity =>
    {
        EventRecord[] lost = [.. placeholders.Where(e => entity.Lacking.Any(r => r.Includes(e)))];
        if (Fenced || entity.IsBlind || lost.Length == 0)
            return;
        foreach (var e in lost)
        {
            entity.GiveUp(e);
            AddRow(entity, e, own: false);
        }
        foreach (var life in lost.GroupBy(e => e.Origin))
        {
            filling.Conflicts.Add(new ConflictRecord(key, ConflictKind.CausesLost, life.Key, life.First().Sequence,
                context.Now.WallMilliseconds, $"{life.Count()} events of {life.Key.Region} are lost with the regions "
                    + "that the entity was for: the state is without them"));
        }
        context.Hit(Probe.PlaceholdersGivenUp);
        context.Alarm(AlarmKind.EventsLost, $"{lost.Length} events of {key}, from {lost[0].Origin}#{lost[0].Sequence} "
            + "on, are lost: no region has more than their placeholders, and the lives that wrote them are over. The "
            + "entity goes on without them.");
        if (!entity.IsPartial)
            entity.NeedsHistory = true; // once the rows are durable
    });

    private void LookForFills(EntityReplica entity)
    {
        if (entity.IsPartial && entity.IsFor(context.Options.Region) && unfilled.Count < MaxUnfilled)
            unfilled.TryAdd(entity.Key, new RegionFill(entity.Key));
    }

    // It was read from the journal.
    private void TendRegions(EntityReplica entity)
    {
        LookForFills(entity);
        if (!entity.WasFilled || entity.IsBlind)
            return;
        Compact(entity);
        WriteSnapshot(entity); // or it would be read as a whole each time
    }

    // There is no state to fold; but whoever reads it again has to know what is missing.
    private void KeepPartial(EntityReplica entity) => WriteDueSnapshot(entity);

    /// <summary>A comparison has found an entity that is not whole.</summary>
    public void LookForFills(EntityKey key) => WithEntity(key, LookForFills);

    /// <summary>Tells what is to be asked for next of an entity, once that is known.</summary>
    public void WithLacking(RegionFill fill, Action<EntityReplica> ask) => WithEntity(fill.Entity, entity =>
    {
        if (!entity.IsPartial || !entity.IsFor(context.Options.Region))
            unfilled.Remove(fill.Entity);
        else if (!entity.IsBlind)
            ask(entity);
    });

    // The rule under which it was written, and no later one. That of a batch in the base is kept with its key.
    private static EntityFilter? RegionsOf(in Completion done, string key, BatchId batch)
    {
        if (done.Written is { } written)
            return written.Regions;
        if (done.Entity.Regions is null)
            return null;
        return done.Entity.Fold.Tail.LastOrDefault(t => BatchId.Of(t.Event) == batch) is { } last ? last.Event.Regions
            : done.Entity.Fold.RegionsOf(key);
    }

    private int HoldersOf(string type, EntityFilter? regions) => regions is null ? context.HoldersOf(type)
        : context.Configuration.Settled.Count(regions.Admits);

    // A command that is repeated asks for more regions than it was for when it was written: which others were sent it
    // since nobody says.
    private Failure? RefuseRepeated(EntityFilter? regions, int needed)
    {
        if (regions is null)
            return null;
        var holders = context.Configuration.Settled.Count(r => regions.Admits(r) || r == context.Options.Region);
        return needed <= holders ? null : new Failure(ErrorCodes.LevelImpossible,
            $"The command was done before, and what it wrote was for {holders} regions ({regions}): that it is durable "
            + $"in {needed} cannot be confirmed.",
            "Ask for fewer regions, or for 'majority': of those that its events were for.");
    }

    // Of the events of one command all carry the same rule. While the one in force lets in no member, they are for
    // every region. Not so where there is only one: it leaves out nobody, and those that are added get what is stated.
    private EntityFilter? RegionsAfter(EntityReplica entity, Decision decision)
    {
        var rule = context.IsAlone ? entity.Regions : context.InForce(entity.Regions);
        return decision.Events is [RegionsChange change, ..] ? change.Following(rule).After(entity.Regions) : rule;
    }

    private Failure? RefuseRegions(EntityReplica entity, CommandRequest request, Decision decision)
    {
        if ((entity.Regions is null && !entity.Type.HasRegions && decision.Events is not [RegionsChange, ..])
            || decision.Rejection is not null)
            return null;
        var rule = RegionsAfter(entity, decision);
        if (decision.Events.Skip(1).Any(e => e is RegionsChange))
            return RegionChecks.NotFirst(entity.Key);
        if (rule is null)
            return null;
        if (decision.Events is [RegionsChange change, ..]
            && RegionChecks.Refuse(entity, change.Rule, rule, context) is { } refused)
            return refused;
        var holders = context.Configuration.Settled.Count(rule.Admits);
        var level = request.Acknowledgement ?? entity.Type.Acknowledgement;
        return decision.Events.Count == 0 || level.In(holders) <= Math.Max(1, holders) ? null : new Failure(
            ErrorCodes.LevelImpossible,
            $"The command asks for its events to be durable in {level.In(holders)} regions, and {entity.Key} is for "
            + $"{holders} ({rule}); nothing was changed.",
            "Ask for fewer regions, or for 'majority': of those that the entity is for.");
    }
}

/// <summary>An entity whose placeholders are to be filled.</summary>
internal sealed class RegionFill(EntityKey entity)
{
    public EntityKey Entity { get; } = entity;

    /// <summary>The question that is under way; 0 for none.</summary>
    public long Request { get; set; }

    public PeerLink? Link { get; set; }
    public long AskedMilliseconds { get; set; }
    public long NotBeforeMilliseconds { get; set; } = long.MinValue;

    /// <summary>Regions that had nothing of the run that is asked for, or did not say.</summary>
    public HashSet<string> InVainAt { get; } = new(StringComparer.Ordinal);

    /// <summary>Those of them that know that the entity is for this region, and so do not have it.</summary>
    public HashSet<string> NothingAt { get; } = new(StringComparer.Ordinal);

    /// <summary>Which of the runs is asked for.</summary>
    public int Run { get; set; }

    /// <summary>Runs of which nobody has anything, as far as they were asked for since the first one.</summary>
    public HashSet<EventRun> Nowhere { get; } = [];

    /// <summary>Since when nobody has anything of any run.</summary>
    public long? LostSinceMilliseconds { get; set; }

    /// <summary>The rule under which it is asked for, and who has consumed so much of that origin knows it.</summary>
    public (EntityFilter? Rule, Origin? Origin, ulong Position) Known { get; set; }

    /// <summary>Who was asked knew the rule then.</summary>
    public bool IsAskedKnowing { get; set; }
}
