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

    /// <summary>The child of <paramref name="ancestor"/> through which it descends from it, or null when it does
    /// not.</summary>
    public SequenceNode? BranchBelow(SequenceNode ancestor)
    {
        if (Depth <= ancestor.Depth)
            return null;
        var branch = this;
        while (branch.Depth > ancestor.Depth + 1)
            branch = branch.Parent!;
        return ReferenceEquals(branch.Parent, ancestor) ? branch : null;
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
