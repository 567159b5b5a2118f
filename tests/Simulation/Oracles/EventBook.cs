using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Names one event in a run.</summary>
public readonly record struct EventName(EntityKey Entity, Origin Origin, ulong Sequence)
{
    /// <summary>The name of an event.</summary>
    public static EventName Of(EventRecord e) => new(e.Entity, e.Origin, e.Sequence);
}

/// <summary>Every event that any journal ever made durable, as its origin wrote it: what all copies are held against.
/// </summary>
public sealed class EventBook
{
    private readonly Dictionary<EventName, EventRecord> known = [];
    private readonly Dictionary<EventName, EventRecord> lost = [];
    private readonly HashSet<EventName> stayed = [];
    private readonly HashSet<EntityKey> stayedOf = [];
    private readonly Dictionary<(int Lane, Origin Origin), SortedDictionary<ulong, EventRecord>> positions = [];

    /// <summary>Events that are known to exist somewhere.</summary>
    public int Count => known.Count;

    /// <summary>When set, two events may claim one name: a journal was cloned. Counted instead.</summary>
    public bool ForksAllowed { get; set; }

    /// <summary>Pairs of different events that claim one name.</summary>
    public int Forks { get; private set; }

    /// <summary>Types whose events stay in their region. One that is taken out later has been opened: what it wrote
    /// until then comes to the others by and by, whatever they have passed.</summary>
    public HashSet<string> LocalTypes { get; } = [TestTypes.Draft.Name];

    /// <summary>Types that have filters in this run.</summary>
    public HashSet<string> FilteredTypes { get; } = [];

    /// <summary>Types of which entities have filters of their own in this run.</summary>
    public HashSet<string> RegionTypes { get; } = [];

    /// <summary>Types whose primary moves in this run: some of their events may not count.</summary>
    public HashSet<string> MovingTypes { get; } = [];

    /// <summary>Some event of the entity stayed in its region when it was written.</summary>
    public bool HasStayed(EntityKey entity) => stayedOf.Contains(entity);

    /// <summary>The event of that name, or null.</summary>
    public EventRecord? Find(EventName name) => known.GetValueOrDefault(name);

    /// <summary>Enters an event that its origin made durable.</summary>
    public void Written(EventRecord e, string region)
    {
        if (e.Origin.Region != region)
            throw new OracleException($"{region} wrote {e} as its own.");
        if (known.TryGetValue(EventName.Of(e), out var before))
        {
            if (!ForksAllowed)
                throw new OracleException(
                    $"{region} used a sequence number again: {e} is '{Text(e)}' and was '{Text(before)}'.");
            Forks++;
        }
        if (LocalTypes.Contains(e.Entity.Type))
        {
            stayed.Add(EventName.Of(e));
            stayedOf.Add(e.Entity);
        }
        Enter(e);
    }

    /// <summary>Checks an event that a journal took from a peer.</summary>
    public void Taken(EventRecord e, string region)
    {
        var name = EventName.Of(e);
        if (stayed.Contains(name) && LocalTypes.Contains(e.Entity.Type) && region != e.Origin.Region)
            throw new OracleException($"{region} took {e}, which stays in its region.");
        if (!known.TryGetValue(name, out var original))
        {
            if (!lost.Remove(name, out original))
                throw new OracleException($"{region} took {e}, which nobody wrote.");
            Enter(original);
        }
        if (Same(original, e))
            return;
        if (!ForksAllowed)
            throw new OracleException(
                $"{region} took {e} ('{Text(e)}'), which is not what its origin wrote ('{Text(original)}').");
    }

    /// <summary>No journal has this event any more. A frame under way may still bring it back.</summary>
    public void Lost(EventRecord e)
    {
        var name = EventName.Of(e);
        if (!known.Remove(name, out var event_))
            return;
        lost[name] = event_;
        positions[(e.Entity.Lane, e.Origin)].Remove(event_.OriginPosition);
    }

    /// <summary>Events of an origin in a lane after one position and up to another, without those that stayed in their
    /// region.</summary>
    public IEnumerable<EventRecord> Between(int lane, Origin origin, ulong after, ulong through)
    {
        if (!positions.TryGetValue((lane, origin), out var sorted))
            yield break;
        foreach (var (position, e) in sorted)
        {
            if (position > through)
                yield break;
            if (position > after && !stayed.Contains(EventName.Of(e)))
                yield return e;
        }
    }

    /// <summary>The payload as the workload wrote it.</summary>
    public static string Text(EventRecord e) => Encoding.UTF8.GetString(e.Payload.Span);

    private void Enter(EventRecord e)
    {
        known[EventName.Of(e)] = e;
        if (!positions.TryGetValue((e.Entity.Lane, e.Origin), out var sorted))
            positions[(e.Entity.Lane, e.Origin)] = sorted = [];
        sorted[e.OriginPosition] = e;
    }

    private static bool Same(EventRecord a, EventRecord b)
        => Equals(a.Regions, b.Regions) && (b.IsWithheld ? IsPlaceholder(a, b) : SameContent(a, b));

    private static bool IsPlaceholder(EventRecord a, EventRecord b)
        => a.Vector.Equals(b.Vector) && a.Timestamp == b.Timestamp && a.Epoch == b.Epoch && a.BatchIndex == b.BatchIndex
        && a.BatchLength == b.BatchLength && a.OriginPosition == b.OriginPosition && b.Payload.IsEmpty
        && b.Tags.Count == 0 && b.IdempotencyKey.Length == 0 && b.TraceParent.Length == 0;

    private static bool SameContent(EventRecord a, EventRecord b)
        => a.Vector.Equals(b.Vector) && a.Timestamp == b.Timestamp && a.Epoch == b.Epoch && a.BatchIndex == b.BatchIndex
        && a.BatchLength == b.BatchLength && a.IdempotencyKey == b.IdempotencyKey && a.TraceParent == b.TraceParent
        && a.PayloadName == b.PayloadName && a.PayloadVersion == b.PayloadVersion
            && a.OriginPosition == b.OriginPosition
        && a.Tags.SequenceEqual(b.Tags) && a.Payload.Span.SequenceEqual(b.Payload.Span);
}
