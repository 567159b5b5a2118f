using System.Collections.Immutable;

namespace Pelago.Replication;

/// <summary>Where an element stands in the tree of a sequence. Immutable; parents are compared by reference.</summary>
internal sealed class SequenceNode(ElementId id, SequenceNode? parent, Side side, ElementId rank)
{
    /// <summary>The parent of the first elements; it has no value and no left children.</summary>
    public static readonly SequenceNode Root = new(default, null, Side.Right, default);

    public ElementId Id { get; } = id;

    public SequenceNode? Parent { get; } = parent;

    public Side Side { get; } = side;

    /// <summary>Place among the children on that side of the parent: the id, or that of the collapsed element whose
    /// place it took.</summary>
    public ElementId Rank { get; } = rank;

    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;
}

/// <summary>Tells through which child elements descend from one ancestor.</summary>
/// <remarks>A branch may be as deep as the document is long, so what was found for a node is remembered for all nodes
/// on the way: a walk over a branch costs time in proportion to its length, not to its square.</remarks>
internal struct BranchesBelow(SequenceNode ancestor)
{
    private const int Far = 16;

    private Dictionary<SequenceNode, SequenceNode?>? known;
    private bool wentFar;

    /// <summary>The child of the ancestor above the node, or the node itself; null when it does not descend from
    /// it.</summary>
    public SequenceNode? Of(SequenceNode node)
    {
        if (node.Depth <= ancestor.Depth)
            return null;
        var (at, found, steps) = (node, (SequenceNode?)null, 0);
        while (known is null || !known.TryGetValue(at, out found))
        {
            if (at.Depth == ancestor.Depth + 1)
            {
                found = ReferenceEquals(at.Parent, ancestor) ? at : null;
                break;
            }
            at = at.Parent!;
            steps++;
        }
        if (steps > Far && wentFar) // for the second time: many are asked about, not one
            known ??= new(ReferenceEqualityComparer.Instance);
        wentFar |= steps > Far;
        for (; known is not null && !ReferenceEquals(node, at); node = node.Parent!)
            known[node] = found;
        return found;
    }
}

/// <summary>An element of a sequence, in the document's order: there, or deleted by these events.</summary>
/// <param name="Node">Its place.</param>
/// <param name="Value">Its value; the type's default once deleted.</param>
/// <param name="Deletions">Events that deleted it, none of which had seen another; empty while it is there.</param>
internal sealed record SequenceElement<T>(SequenceNode Node, T? Value, ImmutableArray<Dot> Deletions)
{
    public bool IsVisible => Deletions.IsEmpty;
}
