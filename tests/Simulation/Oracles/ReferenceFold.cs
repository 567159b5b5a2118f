using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What a state has to be, computed the slow and obvious way: sort everything, fold once from the beginning.
/// Shares the types' event handlers with the kernel and nothing else, its order and its deduplication in particular.
/// </summary>
public static class ReferenceFold
{
    /// <summary>Canonical bytes of the state after these events.</summary>
    public static byte[] State(IEntityType type, string id, IEnumerable<EventRecord> events)
    {
        var state = type.Initial(id);
        foreach (var (e, concurrent) in Counting(type, events))
        {
            var payload = type.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span)
                ?? throw new OracleException($"The reference does not know {e}.");
            state = type.Apply(state, payload, new EventContext(id, e.Origin, e.Sequence, e.Timestamp, e.Vector,
                e.BatchIndex, concurrent)).State ?? state;
        }
        return type.EncodeComparable(state);
    }

    /// <summary>Payloads of the events that count, in the total order.</summary>
    public static IReadOnlyList<string> Lines(IEntityType type, IEnumerable<EventRecord> events)
        => [.. Counting(type, events).Select(c => EventBook.Text(c.Event))];

    /// <summary>What becomes of an event among these.</summary>
    public static FinalVerdict Verdict(IEntityType type, string id, IEnumerable<EventRecord> events, EventRecord asked)
    {
        var state = type.Initial(id);
        foreach (var (e, concurrent) in Counting(type, events))
        {
            var folded = type.Apply(state, type.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span)!,
                new EventContext(id, e.Origin, e.Sequence, e.Timestamp, e.Vector, e.BatchIndex, concurrent));
            if (EventName.Of(e) == EventName.Of(asked))
                return folded.State is null ? FinalVerdict.Refused : FinalVerdict.Counted;
            state = folded.State ?? state;
        }
        return FinalVerdict.Deduplicated;
    }

    /// <summary>Events that wrote a last-writer-wins value and were overwritten unseen: in the total order another
    /// write of the value comes after theirs, and for nobody who wrote it theirs was the last one that he had
    /// seen.</summary>
    public static IReadOnlySet<EventName> Overwritten(IEntityType type, string id, IEnumerable<EventRecord> events)
    {
        var state = type.Initial(id);
        var writes = type.LastWriters.ToDictionary(v => v.Name, _ => new List<EventRecord>());
        foreach (var (e, concurrent) in Counting(type, events))
        {
            var folded = type.Apply(state, type.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span)!,
                new EventContext(id, e.Origin, e.Sequence, e.Timestamp, e.Vector, e.BatchIndex, concurrent));
            state = folded.State ?? state;
            foreach (var value in type.LastWriters)
            {
                if (folded.State is not null && value.At(state) is var at && at.Timestamp == e.Timestamp
                    && at.Region == e.Origin.Region && at.Life == e.Origin.Incarnation)
                    writes[value.Name].Add(e);
            }
        }
        var lost = new HashSet<EventName>();
        foreach (var all in writes.Values)
        {
            var replaced = all.Select((writer, i) => all.Take(i).LastOrDefault(
                w => writer.Vector[w.Origin] >= w.Sequence)).OfType<EventRecord>().ToHashSet();
            lost.UnionWith(all.SkipLast(1).Where(w => !replaced.Contains(w)).Select(EventName.Of));
        }
        return lost;
    }

    /// <summary>The total order, stated again: earlier time first; at equal times the ordinally higher region first;
    /// then
    /// the earlier incarnation; then the lower number.</summary>
    public static EventRecord[] Sorted(IEnumerable<EventRecord> events)
        => [.. events.OrderBy(e => e.Timestamp.Value).ThenByDescending(e => e.Origin.Region, StringComparer.Ordinal)
            .ThenBy(e => e.Origin.Incarnation.Value).ThenBy(e => e.Sequence)];

    // Of the batches with one key only the first counts, unless it is older than the window.
    private static IEnumerable<(EventRecord Event, bool Concurrent)> Counting(IEntityType type,
        IEnumerable<EventRecord> events)
    {
        var owners = new Dictionary<string, (Origin Origin, ulong First, long At)>();
        var before = new List<EventRecord>();
        foreach (var e in Sorted(events))
        {
            var concurrent = type.Strategy == MergeStrategy.Ordered && before.Any(f => e.Vector[f.Origin] < f.Sequence);
            before.Add(e);
            if (e.IdempotencyKey.Length > 0)
            {
                var (first, at) = (e.Sequence - (ulong)e.BatchIndex, e.Timestamp.Milliseconds);
                var mine = (e.Origin, first, at);
                if (!owners.TryGetValue(e.IdempotencyKey, out var owner))
                    owners.Add(e.IdempotencyKey, mine);
                else if (owner.First == first && owner.Origin.Equals(e.Origin))
                    mine = owner;
                else if (at - owner.At <= EventLimits.IdempotencyWindowMilliseconds)
                    continue;
                else
                    owners[e.IdempotencyKey] = mine;
            }
            yield return (e, concurrent);
        }
    }
}
