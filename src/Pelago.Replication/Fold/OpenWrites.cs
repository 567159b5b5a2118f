namespace Pelago.Replication;

/// <summary>A write to a last-writer-wins value of which it is not decided yet whether it was overwritten unseen.
/// </summary>
/// <param name="Field">The value.</param>
/// <param name="Write">The event that wrote it.</param>
/// <param name="IsReplaced">Somebody wrote over it who had it before him as the value in force.</param>
/// <param name="LostTo">It is decided: the write that took its place. What else the event wrote is not decided.</param>
public readonly record struct OpenWrite(string Field, Dot Write, bool IsReplaced, Dot? LostTo);

/// <summary>An event that wrote a last-writer-wins value and was overwritten by one that did not know of it.</summary>
/// <param name="Write">The event.</param>
/// <param name="Reason">Which values, and by which events: a clause. Never what was written.</param>
public readonly record struct OverwrittenWrite(Dot Write, string Reason);

/// <summary>Finds writes to last-writer-wins values that were lost: that nobody who wrote after them had before him,
/// and that are not the value all the same.</summary>
/// <remarks>
/// <para>The problem: of concurrent writes one counts, and nobody is told. Which ones do not count must be noted the
/// same in every region, whatever arrived first, and only those that nobody replaced on purpose: in a partition each
/// side goes on replacing its own values.</para>
/// <para>The idea: who writes has one value before him: the last in the total order of the writes that he had seen.
/// That one he replaces, knowingly. A write is lost when it has a successor in the total order, and nobody ever
/// replaces it. That is a function of the set of events. It is decided once a later write of the same value lies
/// within the horizon: everybody still to come has seen that one, so nobody has the earlier one before him any more.
/// What is kept until then is what was written beyond the horizon.</para>
/// <para>Rejected: noting a loss when it is seen (another region may know of somebody who replaced the write), and
/// comparing neighbours in the total order alone (of two regions that write in turns without hearing of each other,
/// nearly all writes would be lost).</para>
/// </remarks>
internal sealed class OpenWrites
{
    private const int MaxNamedValues = 8;
    private readonly SortedDictionary<string, List<OpenWrite>> open = new(StringComparer.Ordinal);
    private readonly List<OpenWrite> lost = [];

    /// <summary>Takes up what a snapshot kept.</summary>
    public static OpenWrites? From(IReadOnlyList<OpenWrite> kept)
    {
        if (kept.Count == 0)
            return null;
        var writes = new OpenWrites();
        foreach (var write in kept)
            (write.LostTo is null ? writes.Of(write.Field) : writes.lost).Add(write);
        return writes;
    }

    /// <summary>Nothing is left to decide.</summary>
    public bool IsEmpty => open.Count == 0;

    /// <summary>What a snapshot keeps.</summary>
    public IReadOnlyList<OpenWrite> ToList() => [.. open.Values.SelectMany(w => w), .. lost];

    /// <summary>An event wrote a value. Called in the total order.</summary>
    public void Write(string field, EventRecord e)
    {
        var writes = Of(field);
        var before = writes.FindLastIndex(w => e.Vector[w.Write.Origin] >= w.Write.Sequence);
        if (before >= 0)
            writes[before] = writes[before] with { IsReplaced = true };
        writes.Add(new OpenWrite(field, new Dot(e.Origin, e.Sequence), IsReplaced: false, LostTo: null));
    }

    /// <summary>Decides what can be decided, and forgets it.</summary>
    /// <param name="horizon">What every event still to come has seen.</param>
    /// <returns>Events of which all is decided, and some was lost.</returns>
    public IReadOnlyList<OverwrittenWrite> Settle(Horizon horizon)
    {
        foreach (var field in open.Keys.ToArray())
        {
            var writes = open[field];
            var seen = writes.FindLastIndex(w => horizon.Holds(w.Write));
            for (var i = 0; i < seen; i++)
            {
                if (!writes[i].IsReplaced)
                    lost.Add(writes[i] with { LostTo = writes[i + 1].Write });
            }
            writes.RemoveRange(0, Math.Max(0, seen));
            // The last one is replaced by whoever writes next, and knowingly.
            if (seen >= 0 && writes.Count == 1)
                open.Remove(field);
        }
        return lost.Count == 0 ? [] : Decided();
    }

    // One entry an event: it waits until each of its values is decided, so that it says the same in every region.
    private List<OverwrittenWrite> Decided()
    {
        var waiting = open.Values.SelectMany(w => w).Select(w => w.Write).ToHashSet();
        var decided = lost.Where(l => !waiting.Contains(l.Write)).GroupBy(l => l.Write)
            .Select(l => new OverwrittenWrite(l.Key, Reason([.. l.OrderBy(w => w.Field, StringComparer.Ordinal)])))
            .ToList();
        lost.RemoveAll(l => !waiting.Contains(l.Write));
        return decided;
    }

    private static string Reason(OpenWrite[] values)
    {
        var named = values.Take(MaxNamedValues).Select(w => $"'{w.Field}' was overwritten by "
            + $"{w.LostTo!.Value.Origin.Region}#{w.LostTo.Value.Sequence}, whose author had not seen it");
        var rest = values.Length - MaxNamedValues;
        return string.Join("; ", rest > 0 ? named.Append($"so were {rest} more of its values") : named);
    }

    private List<OpenWrite> Of(string field)
    {
        if (!open.TryGetValue(field, out var writes))
            open.Add(field, writes = []);
        return writes;
    }
}
