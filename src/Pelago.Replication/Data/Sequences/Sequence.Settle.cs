using System.Collections.Immutable;

namespace Pelago.Replication;

public sealed partial class Sequence<T>
{
    /// <summary>The sequence without deleted elements whose deletion everything still to come has seen.</summary>
    /// <remarks>Children of such an element take its place among its siblings: in its order, under its rank. The
    /// order in which elements are taken out makes no difference.</remarks>
    public Sequence<T> Settle(Horizon horizon)
    {
        if (!elements.Any(e => IsGone(e)))
            return this;
        var kept = ImmutableArray.CreateBuilder<SequenceElement<T>>(elements.Length);
        var moved = new Dictionary<SequenceNode, SequenceNode>(ReferenceEqualityComparer.Instance)
        {
            [SequenceNode.Root] = SequenceNode.Root,
        };
        var gone = elements.Where(e => IsGone(e)).Select(e => e.Node)
            .ToHashSet<SequenceNode>(ReferenceEqualityComparer.Instance);
        // Parents before children: by depth, because a left child stands before its parent.
        foreach (var element in elements.OrderBy(e => e.Node.Depth))
        {
            var node = element.Node;
            if (gone.Contains(node))
                continue;
            var (parent, side, rank) = (node.Parent!, node.Side, node.Rank);
            while (gone.Contains(parent))
                (parent, side, rank) = (parent.Parent!, parent.Side, parent.Rank);
            var place = moved[parent];
            moved[node] = ReferenceEquals(place, node.Parent) ? node : new SequenceNode(node.Id, place, side, rank);
        }
        foreach (var element in elements)
        {
            if (moved.TryGetValue(element.Node, out var node))
                kept.Add(ReferenceEquals(node, element.Node) ? element : element with { Node = node });
        }
        return new Sequence<T>(kept.ToImmutable());

        bool IsGone(SequenceElement<T> element) => element.Deletions.Any(d => horizon.Holds(d));
    }
}
