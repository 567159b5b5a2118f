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
        var gone = elements.Where(e => IsGone(e)).Select(e => e.Node)
            .ToHashSet<SequenceNode>(ReferenceEqualityComparer.Instance);
        // For each that goes, where its children go; for each that stays, its place.
        var left = new Dictionary<SequenceNode, (SequenceNode Parent, Side Side, ElementId Rank)>(
            ReferenceEqualityComparer.Instance);
        var moved = new Dictionary<SequenceNode, SequenceNode>(ReferenceEqualityComparer.Instance)
        {
            [SequenceNode.Root] = SequenceNode.Root,
        };
        // Parents before children: by depth, because a left child stands before its parent.
        foreach (var node in elements.Select(e => e.Node).OrderBy(n => n.Depth))
        {
            if (!left.TryGetValue(node.Parent!, out var place))
                place = (node.Parent!, node.Side, node.Rank);
            var parent = moved[place.Parent];
            if (gone.Contains(node))
                left[node] = place;
            else
                moved[node] = ReferenceEquals(parent, node.Parent) ? node
                    : new SequenceNode(node.Id, parent, place.Side, place.Rank);
        }
        var kept = ImmutableArray.CreateBuilder<SequenceElement<T>>(elements.Length);
        foreach (var element in elements)
        {
            if (moved.TryGetValue(element.Node, out var node))
                kept.Add(ReferenceEquals(node, element.Node) ? element : element with { Node = node });
        }
        return new Sequence<T>(kept.ToImmutable());

        bool IsGone(SequenceElement<T> element) => element.Deletions.Any(d => horizon.Holds(d));
    }
}
