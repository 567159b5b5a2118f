using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

// Filters of single entities: what each row may say here is judged by the rules that are in the journal.
internal sealed partial class ReplicaOracle
{
    private readonly HashSet<EventName> withheld = [];
    private readonly HashSet<EventName> filled = [];
    private readonly HashSet<EventName> givenUp = [];
    private readonly HashSet<EventName> givenUpNow = [];
    private readonly Dictionary<EntityKey, EventRecord> rules = [];

    /// <summary>The entity's own filter leaves this region out, as far as its journal knows.</summary>
    public bool IsApart(EntityKey entity)
        => rules.TryGetValue(entity, out var rule) && !LetsIn(rule.Regions!, Region);

    /// <summary>Of some events of the entity there are only placeholders, and they are not given up.</summary>
    public bool IsPartial(EntityKey entity) => withheld.Any(w => w.Entity == entity && !givenUp.Contains(w));

    /// <summary>Events of the entity that were given up.</summary>
    public int GivenUp(EntityKey entity) => withheld.Count(w => w.Entity == entity && givenUp.Contains(w));

    /// <summary>There is no more than a placeholder of it.</summary>
    public bool IsWithheld(EventRecord e) => withheld.Contains(EventName.Of(e));

    /// <summary>Excluded wins over included; stated again, apart from the kernel.</summary>
    public static bool LetsIn(EntityFilter rule, string region)
        => !rule.Excluded.Contains(region) && (rule.Included is not { } only || only.Contains(region));

    // True when the row fills a placeholder: then it is no second one.
    private bool CheckRegions(EventRow row)
    {
        var e = row.Event;
        if (e.Regions is not { } rule)
            return false;
        var isChange = e.PayloadName == RegionsChange.PayloadName;
        if (isChange && (e.Tags.Count > 0 || e.TraceParent.Length > 0
            || (e.BatchLength > 1 && e.IdempotencyKey.Length > 0)))
            Fail($"keeps {e} with more than whom it is for");
        if (e.IsWithheld && (row.Own || (LetsIn(rule, Region) && IsInSomeJournal(e))))
            Fail($"keeps a placeholder of {e}, which is for it");
        if (e.IsWithheld && withheld.Contains(EventName.Of(e)))
        {
            if (IsInSomeJournal(e) || !givenUp.Add(EventName.Of(e)))
                Fail($"gave up {e}, which another region has, or gave it up before");
            givenUpNow.Add(EventName.Of(e));
            return true;
        }
        if (!e.IsWithheld && !row.Own && !isChange && !LetsIn(rule, Region) && (IsApart(e.Entity)
            || !rules.ContainsKey(e.Entity)))
            Fail($"took {e}, which is for {rule}");
        if (e.IsWithheld || !withheld.Contains(EventName.Of(e)))
            return false;
        book.Taken(e, Region);
        filled.Add(EventName.Of(e));
        Note(e);
        return true;
    }

    // True when it stands where its placeholder stood.
    private bool NoteRegions(EventRecord e)
    {
        if (e.Regions is null)
            return false;
        if (!rules.TryGetValue(e.Entity, out var known) || Counts(e, over: known))
            rules[e.Entity] = e;
        if (e.IsWithheld)
        {
            if (withheld.Add(EventName.Of(e)))
                return false;
            givenUp.Add(EventName.Of(e));
            return true;
        }
        if (!withheld.Remove(EventName.Of(e)))
            return false;
        var list = events[e.Entity];
        list[list.FindIndex(x => EventName.Of(x) == EventName.Of(e))] = e;
        lines.Add(EventBook.Text(e));
        Rows++;
        return true;
    }

    // The higher epoch; of one, what sets it over what carries it, and then the later.
    private static bool Counts(EventRecord e, EventRecord over)
    {
        var (sets, other) = (e.PayloadName == RegionsChange.PayloadName,
            over.PayloadName == RegionsChange.PayloadName);
        return e.Regions!.Epoch != over.Regions!.Epoch ? e.Regions.Epoch > over.Regions.Epoch
            : sets != other ? sets : ReferenceFold.Sorted([over, e])[1] == e;
    }
}
