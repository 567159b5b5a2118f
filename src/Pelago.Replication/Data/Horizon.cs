using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A promise about a state: every event that will still be applied to it has seen what lies within the horizon
/// (causal stability; Baquero, Almeida and Shoker 2017), and had seen it before its command was given.</summary>
/// <remarks>The fold gives it, from what is final and from what it has not folded into that state yet; data types use
/// it to drop tombstones, and the dots by which later events are told from concurrent ones. What they make of a state
/// must not depend on how often and how far they were asked before: settled with <see cref="All"/>, two states of the
/// same events are equal.</remarks>
public readonly struct Horizon
{
    private readonly VersionVector? through;

    private Horizon(VersionVector? through) => this.through = through;

    /// <summary>Everything: the form in which regions compare states. Nothing is applied to such a state any
    /// more.</summary>
    public static Horizon All => new(null);

    /// <summary>Of each origin, this many events.</summary>
    public static Horizon Through(VersionVector vector) => new(vector);

    /// <summary>True when the event lies within.</summary>
    public bool Holds(in Dot dot) => through is null || through[dot.Origin] >= dot.Sequence;
}

/// <summary>A data type that keeps something only until it is final.</summary>
public interface ISettling<TSelf> : ISettling where TSelf : ISettling<TSelf>
{
    /// <summary>The value without what the horizon makes superfluous; the same to every reader.</summary>
    TSelf Settle(Horizon horizon);
}

/// <summary>Marks every <see cref="ISettling{TSelf}"/>, so that a definition that forgets to settle is found.</summary>
public interface ISettling;

/// <summary>A data type that can be the value of an <see cref="OrMap{TKey,TValue}"/>.</summary>
public interface IMapValue<TSelf> : ISettling<TSelf> where TSelf : IMapValue<TSelf>
{
    /// <summary>The value before any operation.</summary>
    static abstract TSelf Empty { get; }

    /// <summary>True when nothing would be lost by forgetting it.</summary>
    bool IsEmpty { get; }

    /// <summary>True when there is nothing left to settle.</summary>
    bool IsSettled { get; }

    /// <summary>The value without the operations that the event's author had seen.</summary>
    TSelf Reset(in EventContext context);
}
