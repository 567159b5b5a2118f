using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Pelago.Replication;

/// <summary>Multi-value register (Shapiro et al. 2011): a write replaces what its author had seen, so that concurrent
/// writes stand side by side until somebody who has seen them writes again. <see cref="Latest"/> reads it as a
/// last-writer-wins register, which is also how a map holds one.</summary>
/// <remarks>Immutable. Holds one value per region that wrote concurrently.</remarks>
public sealed class MvRegister<T> : IMapValue<MvRegister<T>>
{
    /// <summary>From its JSON form.</summary>
    [JsonConstructor]
    public MvRegister(ImmutableArray<Written<T>> writes) => Writes = writes.Sorted();

    /// <inheritdoc />
    public static MvRegister<T> Empty { get; } = new([]);

    /// <summary>The concurrent writes, in the total order; part of the JSON form.</summary>
    public ImmutableArray<Written<T>> Writes { get; }

    /// <summary>The concurrent values, the last writer's last; empty before the first write.</summary>
    [JsonIgnore]
    public IEnumerable<T> Values => Writes.Select(w => w.Value!);

    /// <summary>The last writer's value, or the type's default before the first write: later timestamp, and at equal
    /// times the lower region name.</summary>
    [JsonIgnore]
    public T? Latest => Writes.IsEmpty ? default : Writes[^1].Value;

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsEmpty => Writes.IsEmpty;

    /// <inheritdoc />
    [JsonIgnore]
    public bool IsSettled => Writes.All(w => w.Settled);

    /// <summary>The register after a write.</summary>
    public MvRegister<T> Set(T value, in EventContext context) => new(Writes.After(value, false, context));

    /// <inheritdoc />
    public MvRegister<T> Reset(in EventContext context) => new(Writes.Without(context));

    /// <inheritdoc />
    public MvRegister<T> Settle(Horizon horizon) => new(Writes.Settle(horizon));
}
