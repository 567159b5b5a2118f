using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>An insertion or a deletion of text.</summary>
internal sealed record SequenceEdit(SequenceInsertion<string>? Insertion, SequenceDeletion? Deletion)
{
    /// <summary>What its author means to see afterwards; null when it was made from another state.</summary>
    public IReadOnlyList<string>? Meant { get; init; }
}

/// <summary>Fugue as in the paper: a tree whose deleted elements stay for ever, read left children, element, right
/// children, siblings in the order of their ids.</summary>
internal static class SequenceModel
{
    private static int typed;

    public static DataType<Sequence<string>, SequenceEdit> Type()
    {
        var made = new Queue<SequenceEdit>();
        return new(Sequence<string>.Empty, (random, state) => Make(random, state, made), Apply, (s, h) => s.Settle(h),
            DataJson.Default.SequenceString, s => string.Join(' ', s.Items), Specification)
        {
            // Whoever edits what they see gets what they meant.
            Intention = (_, edit, after) => after.Items.ToList().ShouldBe(edit.Meant ?? [.. after.Items]),
        };
    }

    private static SequenceEdit Make(Random random, Sequence<string> state, Queue<SequenceEdit> made)
    {
        if (made.Count > 20)
            made.Dequeue();
        // Now and then one that was made long ago, perhaps in another region, of elements unknown or gone here.
        if (made.Count > 0 && random.Next(12) == 0)
            return made.ElementAt(random.Next(made.Count)) with { };
        var at = random.Next(state.Count + 1);
        var meant = state.Items.ToList();
        SequenceEdit edit;
        if (random.Next(5) < 3 || at == state.Count)
        {
            var values = Enumerable.Range(0, random.Next(1, 4)).Select(_ => $"{++typed % 997}").ToList();
            edit = new SequenceEdit(state.InsertAt(at, values), null);
            meant.InsertRange(at, values);
        }
        else
        {
            var count = random.Next(1, Math.Min(4, state.Count - at) + 1);
            edit = new SequenceEdit(null, state.DeleteAt(at, count));
            meant.RemoveRange(at, count);
        }
        made.Enqueue(edit);
        return edit with { Meant = meant };
    }

    private static Sequence<string> Apply(Sequence<string> state, SequenceEdit edit, EventContext context)
        => edit.Insertion is { } insertion ? state.Apply(insertion, context) : state.Apply(edit.Deletion!, context);

    private static string Specification(IReadOnlyList<Operation<SequenceEdit>> all)
    {
        var nodes = new Dictionary<ElementId, Node>();
        var roots = new List<Node>();
        foreach (var o in all.OrderBy(o => new EventPlace(o.Context.Timestamp, o.Context.Origin, o.Context.Sequence)))
        {
            if (o.What.Deletion is { } deletion)
                Delete(nodes, deletion, o);
            else
                Insert(nodes, roots, o.What.Insertion!, o);
        }
        return string.Join(' ', roots.OrderBy(r => r.Id).SelectMany(Read));
    }

    private static void Insert(
        Dictionary<ElementId, Node> nodes, List<Node> roots, SequenceInsertion<string> insertion,
        Operation<SequenceEdit> o)
    {
        Node? parent = null;
        if (insertion.Parent is { } wanted)
        {
            if (!nodes.TryGetValue(wanted, out parent) || !o.Context.HasSeen(wanted.Dot)
                || parent.Deletions.Any(d => o.Context.HadSeenBefore(d)))
            {
                return;
            }
        }
        var side = insertion.Side;
        for (var i = 0; i < insertion.Values.Length; i++)
        {
            var node = new Node(new ElementId(o.Dot, i), insertion.Values[i]);
            nodes.Add(node.Id, node);
            (parent is null ? roots : side == Side.Left ? parent.Left : parent.Right).Add(node);
            (parent, side) = (node, Side.Right);
        }
    }

    private static void Delete(
        Dictionary<ElementId, Node> nodes, SequenceDeletion deletion, Operation<SequenceEdit> o)
    {
        foreach (var (first, count) in deletion.Runs)
        {
            for (var i = 0; i < count; i++)
            {
                if (nodes.TryGetValue(first with { Offset = first.Offset + i }, out var node)
                    && o.Context.HasSeen(first.Dot))
                    node.Deletions.Add(o.Dot);
            }
        }
    }

    private static IEnumerable<string> Read(Node node) =>
    [
        .. node.Left.OrderBy(n => n.Id).SelectMany(Read), .. node.Deletions.Count == 0 ? [node.Value] : (string[])[],
        .. node.Right.OrderBy(n => n.Id).SelectMany(Read),
    ];

    private sealed record Node(ElementId Id, string Value)
    {
        public List<Node> Left { get; } = [];
        public List<Node> Right { get; } = [];
        public List<Dot> Deletions { get; } = [];
    }
}
