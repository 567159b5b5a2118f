using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

// The stored form: elements that were inserted together and still hang together are one run.
public sealed partial class Sequence<T>
{
    /// <summary>From its JSON form.</summary>
    /// <exception cref="ArgumentException">A run names an origin or a parent that is not there.</exception>
    [JsonConstructor]
    public Sequence(ImmutableArray<string> origins, ImmutableArray<SequenceRun> runs) : this(Read(
        origins.IsDefault ? [] : origins, runs.IsDefault ? [] : runs))
    {
    }

    /// <summary>Elements of one insertion, each to the right of the one before.</summary>
    /// <param name="First">Id of the first.</param>
    /// <param name="Parent">Element beside which the first stands; null for the beginning.</param>
    /// <param name="Side">On which side of it.</param>
    /// <param name="Rank">The first's rank among its siblings, when that is not its id.</param>
    /// <param name="Values">Values of those that are there; empty for deleted ones.</param>
    /// <param name="Deleted">Number of deleted ones.</param>
    /// <param name="Deletions">Events that deleted them.</param>
    public readonly record struct SequenceRun(
        SequenceId First, SequenceId? Parent, Side Side, SequenceId? Rank, ImmutableArray<T> Values, int Deleted,
        ImmutableArray<Dot> Deletions);

    /// <summary>Id of an element with its origin as an index into <see cref="Origins"/>.</summary>
    public readonly record struct SequenceId(int Origin, ulong Sequence, int Offset);

    /// <summary>Origins that the runs refer to, sorted, as <c>region@incarnation</c>; part of the JSON form.</summary>
    public ImmutableArray<string> Origins => [.. OriginsInOrder().Select(o => o.ToString())];

    /// <summary>The elements in order, deleted ones too; part of the JSON form.</summary>
    public ImmutableArray<SequenceRun> Runs
    {
        get
        {
            var origins = OriginsInOrder().Select((o, i) => (o, i)).ToDictionary(p => p.o, p => p.i);
            var runs = ImmutableArray.CreateBuilder<SequenceRun>();
            var values = new List<T>();
            for (int from = 0, to; from < elements.Length; from = to)
            {
                var (node, deletions) = (elements[from].Node, elements[from].Deletions);
                values.Clear();
                for (to = from; to < elements.Length && (to == from || Continues(elements[to - 1], elements[to])); to++)
                {
                    if (elements[to].IsVisible)
                        values.Add(elements[to].Value!);
                }
                runs.Add(new SequenceRun(Short(node.Id),
                    ReferenceEquals(node.Parent, SequenceNode.Root) ? null : Short(node.Parent!.Id), node.Side,
                    node.Rank == node.Id ? null : Short(node.Rank), [.. values], to - from - values.Count, deletions));
            }
            return runs.ToImmutable();

            SequenceId Short(ElementId id) => new(origins[id.Dot.Origin], id.Dot.Sequence, id.Offset);
        }
    }

    private static bool Continues(SequenceElement<T> previous, SequenceElement<T> element)
        => ReferenceEquals(element.Node.Parent, previous.Node) && element.Node.Side == Side.Right
        && element.Node.Rank == element.Node.Id && element.Node.Id.Dot == previous.Node.Id.Dot
        && element.Node.Id.Offset == previous.Node.Id.Offset + 1
        && element.Deletions.SequenceEqual(previous.Deletions);

    private IEnumerable<Model.Origin> OriginsInOrder()
        => elements.SelectMany(e => new[] { e.Node.Id.Dot.Origin, e.Node.Rank.Dot.Origin }).Distinct().Order();

    private static ImmutableArray<SequenceElement<T>> Read(
        ImmutableArray<string> origins, ImmutableArray<SequenceRun> runs)
    {
        var names = origins.Select(o => Dot.Parse(o + "#0").Origin).ToArray();
        // A left child stands before its parent: nodes are made when they are asked for, parents first.
        var places = new Dictionary<ElementId, (ElementId? Parent, Side Side, ElementId Rank)>();
        foreach (var run in runs)
        {
            var first = Long(run.First);
            places.Add(first, (run.Parent is { } parent ? Long(parent) : null, run.Side,
                run.Rank is { } rank ? Long(rank) : first));
            for (var i = 1; i < Length(run); i++)
            {
                var id = first with { Offset = first.Offset + i };
                places.Add(id, (id with { Offset = id.Offset - 1 }, Side.Right, id));
            }
        }
        var nodes = new Dictionary<ElementId, SequenceNode>();
        var elements = ImmutableArray.CreateBuilder<SequenceElement<T>>(places.Count);
        foreach (var run in runs)
        {
            for (var i = 0; i < Length(run); i++)
            {
                var id = Long(run.First);
                var node = NodeOf(id with { Offset = id.Offset + i }, places, nodes);
                elements.Add(run.Deleted > 0 ? new(node, default, run.Deletions.Normal())
                    : new(node, run.Values[i], []));
            }
        }
        return elements.ToImmutable();

        ElementId Long(SequenceId id) => new(new Dot(names[id.Origin], id.Sequence), id.Offset);

        static int Length(SequenceRun run) => run.Deleted > 0 ? run.Deleted : run.Values.Length;
    }

    // Without recursion: a chain may be as long as the document.
    private static SequenceNode NodeOf(
        ElementId wanted, Dictionary<ElementId, (ElementId? Parent, Side Side, ElementId Rank)> places,
        Dictionary<ElementId, SequenceNode> nodes)
    {
        var missing = new Stack<ElementId>();
        ElementId? next = wanted;
        while (next is { } id && !nodes.ContainsKey(id))
        {
            if (missing.Count > places.Count || !places.TryGetValue(id, out var place))
                throw new ArgumentException($"A sequence has an element {id} without a place.");
            missing.Push(id);
            next = place.Parent;
        }
        while (missing.TryPop(out var id))
        {
            var (parent, side, rank) = places[id];
            nodes[id] = new SequenceNode(id, parent is { } p ? nodes[p] : SequenceNode.Root, side, rank);
        }
        return nodes[wanted];
    }
}
