using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>Sequence that several regions edit at once, for text and lists (Fugue; Weidner and Kleppmann
/// 2023).</summary>
/// <remarks>
/// <para>The problem: two people type at one place while they do not hear of each other. Both runs must come out
/// whole, one after the other, whether they were typed forwards or backwards, and in the same order everywhere. The
/// idea of Fugue: the elements form a tree, read left children, element, right children. Who types forwards hangs
/// each element to the right of the one before, who types backwards to the left of the one after; either run is a
/// branch, and branches at one place are ordered by id.</para>
/// <para>Deleted elements hold branches together. Fugue keeps them for ever; this variant lets go of them. New elements
/// are placed by what their author <em>sees</em>: to the right of the element before, or, if something visible hangs
/// there, to the left of the element after. So nobody refers to an element that he knows to be deleted, and once
/// everything still to come has seen its deletion (<see cref="Settle"/>), the element can be taken out and its children
/// put into its place, where they keep its <em>rank</em> among their new siblings. Nothing can tell a replica that has
/// done so from one that has not. "Seen by all" would not do: somebody may have inserted beside it before seeing the
/// deletion, in an event that is still on its way. Rejected: keeping the deleted for ever; RGA, which interleaves
/// what is typed backwards; dropping only deleted elements without children, which keeps a queue's whole past.</para>
/// <para>Immutable. An operation costs time and space in proportion to the length, some tens of microseconds for a
/// thousand elements: meant for documents and lists, not for logs.</para>
/// </remarks>
public sealed partial class Sequence<T> : ISettling<Sequence<T>>
{
    private readonly ImmutableArray<SequenceElement<T>> elements;

    private Sequence(ImmutableArray<SequenceElement<T>> elements)
    {
        this.elements = elements;
        foreach (var element in elements.AsSpan())
            Count += element.IsVisible ? 1 : 0;
    }

    /// <summary>No elements.</summary>
    public static Sequence<T> Empty { get; } = new(ImmutableArray<SequenceElement<T>>.Empty);

    /// <summary>Number of elements that are there.</summary>
    [JsonIgnore]
    public int Count { get; }

    /// <summary>The elements that are there, in order.</summary>
    [JsonIgnore]
    public IEnumerable<T> Items => elements.Where(e => e.IsVisible).Select(e => e.Value!);

    /// <summary>The insertion of values before the element at an index, as an operation to be persisted.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is below 0 or above <see cref="Count"/>.</exception>
    public SequenceInsertion<T> InsertAt(int index, params IEnumerable<T> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, Count);
        var before = index == 0 ? SequenceNode.Root : elements[Visible(index - 1)].Node;
        if (index < Count)
        {
            var after = elements[Visible(index)].Node;
            if (new BranchesBelow(before).Of(after) is { Side: Side.Right })
                return new SequenceInsertion<T>(after.Id, Side.Left, [.. values]);
        }
        return new SequenceInsertion<T>(index == 0 ? null : before.Id, Side.Right, [.. values]);
    }

    /// <summary>The deletion of elements from an index on, as an operation to be persisted.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some of them do not exist.</exception>
    public SequenceDeletion DeleteAt(int index, int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, Count - count);
        var runs = ImmutableArray.CreateBuilder<ElementRun>();
        foreach (var element in elements.Where(e => e.IsVisible).Skip(index).Take(count))
        {
            var id = element.Node.Id;
            if (runs.Count > 0 && runs[^1] is var (first, length)
                && first.Dot == id.Dot && first.Offset + length == id.Offset)
            {
                runs[^1] = new ElementRun(first, length + 1);
            }
            else
            {
                runs.Add(new ElementRun(id, 1));
            }
        }
        return new SequenceDeletion(runs.ToImmutable());
    }

    /// <summary>The sequence after an insertion. Nothing happens when its author had not seen the element beside
    /// which it would stand, or had seen it deleted: a handler has to make its operations from the state that it is
    /// given.</summary>
    public Sequence<T> Apply(SequenceInsertion<T> insertion, in EventContext context)
    {
        if (insertion.Values.IsDefaultOrEmpty)
            return this;
        var parent = SequenceNode.Root;
        var at = -1;
        if (insertion.Parent is { } id)
        {
            at = context.HasSeen(id.Dot) ? IndexOf(id) : -1;
            if (at < 0 || HadSeenGone(elements[at], context))
                return this;
            parent = elements[at].Node;
        }
        var side = insertion.Parent is null || insertion.Side == Side.Right ? Side.Right : Side.Left;
        var first = new ElementId(context.Dot, NextOffset(context.Dot));
        var place = side == Side.Right ? PlaceAfter(at, parent, first) : PlaceBefore(at, parent, first);
        var added = new SequenceElement<T>[insertion.Values.Length];
        for (var i = 0; i < added.Length; i++)
        {
            var own = first with { Offset = first.Offset + i };
            added[i] = new SequenceElement<T>(new SequenceNode(own, parent, side, own), insertion.Values[i], []);
            (parent, side) = (added[i].Node, Side.Right);
        }
        return new Sequence<T>(elements.InsertRange(place, added));
    }

    /// <summary>The sequence after a deletion of elements that its author had seen; those that are gone stay
    /// gone.</summary>
    public Sequence<T> Apply(SequenceDeletion deletion, in EventContext context)
    {
        if (deletion.Runs.IsDefaultOrEmpty)
            return this;
        // Most deletions are of a run or two; of many, a table by number tells the elements that none of them means.
        var runs = deletion.Runs;
        var numbers = runs.Length > 8 ? runs.ToLookup(r => r.First.Dot.Sequence) : null;
        ImmutableArray<SequenceElement<T>>.Builder? next = null;
        for (var i = 0; i < elements.Length; i++)
        {
            var element = elements[i];
            var id = element.Node.Id;
            if (!(numbers is null ? Holds(runs.AsSpan(), id) : Holds([.. numbers[id.Dot.Sequence]], id))
                || !context.HasSeen(element.Node.Id.Dot) || HasSeenGone(element, context))
            {
                continue;
            }
            next ??= elements.ToBuilder();
            next[i] = element with { Value = default, Deletions = element.Deletions.Including(context.Dot) };
        }
        return next is null ? this : new Sequence<T>(next.ToImmutable());
    }

    private static bool HadSeenGone(SequenceElement<T> element, in EventContext context)
    {
        foreach (var deletion in element.Deletions)
        {
            if (context.HadSeenBefore(deletion))
                return true;
        }
        return false;
    }

    private static bool Holds(ReadOnlySpan<ElementRun> runs, in ElementId id)
    {
        foreach (ref readonly var run in runs)
        {
            if (run.Holds(id))
                return true;
        }
        return false;
    }

    private static bool HasSeenGone(SequenceElement<T> element, in EventContext context)
    {
        foreach (var deletion in element.Deletions)
        {
            if (context.HasSeen(deletion))
                return true;
        }
        return false;
    }

    private int Visible(int index)
    {
        for (var i = 0; ; i++)
        {
            if (elements[i].IsVisible && index-- == 0)
                return i;
        }
    }

    private int IndexOf(ElementId id)
    {
        for (var i = 0; i < elements.Length; i++)
        {
            if (elements[i].Node.Id.Dot.Sequence == id.Dot.Sequence && elements[i].Node.Id == id)
                return i;
        }
        return -1;
    }

    // Ids of one event go on where its last insertion ended.
    private int NextOffset(Dot dot)
    {
        var next = 0;
        foreach (var element in elements)
        {
            if (element.Node.Id.Dot.Sequence == dot.Sequence && element.Node.Id.Dot == dot)
                next = Math.Max(next, element.Node.Id.Offset + 1);
        }
        return next;
    }

    // Right children of a parent follow it, in the order of their ranks, each with its whole branch.
    private int PlaceAfter(int parentAt, SequenceNode parent, ElementId id)
    {
        var (at, branches) = (parentAt + 1, new BranchesBelow(parent));
        while (at < elements.Length && branches.Of(elements[at].Node) is { } branch
            && branch.Rank.CompareTo(id) < 0)
        {
            at++;
        }
        return at;
    }

    // Left children come before it, likewise.
    private int PlaceBefore(int parentAt, SequenceNode parent, ElementId id)
    {
        var (at, branches) = (parentAt, new BranchesBelow(parent));
        while (at > 0 && branches.Of(elements[at - 1].Node) is { } branch && branch.Rank.CompareTo(id) > 0)
            at--;
        return at;
    }
}
