using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>One order in which events of several regions arrive, a batch at a time.</summary>
internal static class Interleaving
{
    /// <summary>The state after them, folded in that order, in its stored form.</summary>
    /// <exception cref="TestKitException">A handler fails.</exception>
    public static byte[] Fold(RoundTrip type, string id, IEnumerable<EventRecord[]> batches)
    {
        var replica = new Replica(type, id, "elsewhere");
        foreach (var batch in batches)
            replica.Take(batch);
        return type.EncodeState(replica.State);
    }

    /// <summary>The same with a restart and a settled base wherever everything still to come has seen what is there,
    /// in the form that regions compare.</summary>
    public static byte[] FoldSettled(RoundTrip type, string id, IReadOnlyList<EventRecord[]> batches)
    {
        var fold = new EntityFold(type, id);
        for (var i = 0; i < batches.Count; i++)
        {
            Insert(fold, type, batches[i]);
            _ = fold.State;
            var later = batches.Skip(i + 1).ToList();
            fold.AdvanceBase(e => later.TrueForAll(b => b[0].Vector[e.Origin] >= e.Sequence));
            var tail = fold.TailEvents;
            fold = EntityFold.Restore(type, id, fold.ToBase());
            Insert(fold, type, tail);
        }
        _ = fold.State;
        Replica.Check(fold, type);
        return type.EncodeComparable(fold.State);
    }

    /// <summary>The state after events in the order in which they are given, whose causes come before them, in the form
    /// that regions compare.</summary>
    /// <exception cref="TestKitException">A handler fails.</exception>
    public static byte[] FoldAgain(
        RoundTrip type, string id, IEnumerable<EventRecord> events, PrimaryRules? rules = null)
    {
        var fold = new EntityFold(type, id) { Rules = rules };
        Insert(fold, type, events);
        _ = fold.State;
        Replica.Check(fold, type);
        return type.EncodeComparable(fold.State);
    }

    /// <summary>For a person to read.</summary>
    public static string Show(IEnumerable<EventRecord[]> batches) => string.Join(", ", batches.Select(batch
        => string.Join(" + ", batch.Select(e => $"{e.Origin.Region}#{e.Sequence}"))));

    private static void Insert(EntityFold fold, RoundTrip type, IEnumerable<EventRecord> events)
    {
        foreach (var e in events)
            fold.Insert(e, type.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span));
    }

    /// <summary>One line an event, in the total order.</summary>
    public static string Describe(IEnumerable<EventRecord[]> batches)
    {
        var text = new StringBuilder();
        var events = batches.SelectMany(b => b).Order(TotalOrder.Instance).ToList();
        foreach (var e in events)
        {
            var seen = events.Where(f => f != e && e.Vector[f.Origin] >= f.Sequence);
            text.Append("  ").Append(e.Origin.Region).Append('#').Append(e.Sequence).Append(' ')
                .Append(e.PayloadName).Append(' ').Append(Encoding.UTF8.GetString(e.Payload.Span))
                .Append(" has seen ").AppendJoin(", ", seen.Select(f => $"{f.Origin.Region}#{f.Sequence}")
                    .DefaultIfEmpty("nothing"))
                .Append(" (clock +").Append(e.Timestamp.Milliseconds - events[0].Timestamp.Milliseconds)
                .Append(" ms)\n");
        }
        return text.ToString();
    }
}

/// <summary>Two orders of the same events that give different states.</summary>
internal sealed record Divergence(
    IReadOnlyList<EventRecord[]> First, IReadOnlyList<EventRecord[]> Second, byte[] FirstState, byte[] SecondState);
