namespace Pelago.Replication;

/// <summary>Last-writer-wins register (Shapiro et al. 2011): a value and the stamp of the write that gave it. The later
/// <see cref="Stamp"/> wins: of two writes that did not know of each other the last in the total order.</summary>
/// <param name="Value">The present value.</param>
/// <param name="At">Stamp of the write.</param>
public readonly record struct LwwRegister<T>(T Value, Stamp At) : ILastWriter
{
    /// <summary>A register that any write replaces.</summary>
    public static LwwRegister<T> Initial(T value) => new(value, Stamp.None);

    /// <summary>The register after a write; unchanged when the write is older than the present value.</summary>
    public LwwRegister<T> Set(T value, Stamp stamp) =>
        stamp.CompareTo(At) > 0 ? new LwwRegister<T>(value, stamp) : this;
}
