namespace Pelago.Replication;

/// <summary>Which regions get the events of an entity type. A rule belongs to an <b>epoch</b>: the highest one that any
/// region of the group was told of is in force, in both directions. A region sends no event to one that is left out,
/// and one that is left out takes none, whoever sends it.</summary>
/// <remarks>A type states its filter in its definition, the same in every region; whoever changes the rule raises the
/// epoch. It is durable: a build that states an older epoch, or none, changes nothing. A region that is left out keeps
/// what it has, shows nothing of the type, and sends commands and reads on to one that has the entities.</remarks>
public sealed record EntityFilter
{
    /// <summary>Most regions that a rule may name.</summary>
    public const int MaxRegions = 256;

    private EntityFilter(uint epoch) => Epoch = epoch;

    /// <summary>Nothing was ever stated: every region gets the events.</summary>
    public static readonly EntityFilter None = new(0);

    /// <summary>Begins the rule of an epoch. As it is, every region gets the events; <see cref="Only"/> and
    /// <see cref="Except"/> leave regions out.</summary>
    /// <param name="epoch">From 1; higher than that of any rule before.</param>
    public static EntityFilter InEpoch(uint epoch) => new(epoch);

    /// <summary>Counts the rules of the type; 0 when there was none yet.</summary>
    public uint Epoch { get; private init; }

    /// <summary>No others get the events, also those that are added to the group later; null when all may.</summary>
    public IReadOnlyList<string>? Included { get; private init; }

    /// <summary>These do not, even if they are included.</summary>
    public IReadOnlyList<string> Excluded { get; private init; } = [];

    /// <summary>The same rule, for these regions only.</summary>
    public EntityFilter Only(params string[] regions) => this with { Included = Sorted(regions) };

    /// <summary>The same rule, without these regions: excluded wins over included.</summary>
    public EntityFilter Except(params string[] regions) => this with { Excluded = Sorted(regions) };

    /// <summary>True when the region gets the events.</summary>
    public bool Admits(string region)
        => (Included is null || Included.Contains(region)) && !Excluded.Contains(region);

    /// <summary>Some region may be left out.</summary>
    public bool IsSelective => Included is not null || Excluded.Count > 0;

    /// <summary>Most regions that the rule of a single entity may name: each of its events carries it.</summary>
    public const int MaxRegionsOfEntity = 32;

    /// <summary>Regions that it names.</summary>
    internal int Names => (Included?.Count ?? 0) + Excluded.Count;

    /// <summary>Bytes that the rule takes in an event, about.</summary>
    internal int Weight => 8 + (Included ?? []).Sum(r => r.Length + 2) + Excluded.Sum(r => r.Length + 2);

    /// <summary>The same rule, as the one that follows another.</summary>
    internal EntityFilter After(EntityFilter? before) => this with { Epoch = (before?.Epoch ?? 0) + 1 };

    /// <summary>The form in which it travels and is stored.</summary>
    public byte[] ToBytes() => FilterCodec.Write(this);

    /// <summary>The inverse of <see cref="ToBytes"/>; null when the bytes are no rule that could be in force.</summary>
    public static EntityFilter? Read(ReadOnlySpan<byte> bytes) => FilterCodec.Read(bytes);

    /// <inheritdoc />
    public bool Equals(EntityFilter? other) => other is not null && Epoch == other.Epoch
        && (Included is null) == (other.Included is null)
        && (Included ?? []).SequenceEqual(other.Included ?? []) && Excluded.SequenceEqual(other.Excluded);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Epoch, Included?.Count, Excluded.Count);

    /// <inheritdoc />
    public override string ToString()
    {
        var only = Included is null ? "every region" : $"only {string.Join(", ", Included)}";
        return Excluded.Count == 0 ? only : $"{only}, except {string.Join(", ", Excluded)}";
    }

    private static string[] Sorted(IEnumerable<string> regions)
        => [.. regions.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
