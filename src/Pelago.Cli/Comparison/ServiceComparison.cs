using System.Text.Json;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Digest of one slice in one region; hashes do not depend on order.</summary>
internal sealed record SliceDigestView(int Slice, long Entities, ulong Events, string EventsHash, string StatesHash);

/// <summary>All digests of a service in one region.</summary>
internal sealed record ReplicaDigests(string Region, IReadOnlyDictionary<int, SliceDigestView> Slices)
{
    /// <summary>Reads what an instance answers.</summary>
    /// <exception cref="PelagoException">PLG1111 when it is something else.</exception>
    public static ReplicaDigests Parse(string region, string json)
    {
        try
        {
            var body = JsonSerializer.Deserialize<Body>(json, JsonSerializerOptions.Web);
            return new ReplicaDigests(region, (body?.Slices ?? []).ToDictionary(slice => slice.Slice));
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new Failure(ErrorCodes.ControlUnreachable, $"{region} answered with something else than digests.",
                "Check that all regions run the same version.").ToException(e);
        }
    }

    private sealed record Body(string? Region, IReadOnlyList<SliceDigestView>? Slices);
}

/// <summary>One region's share of a comparison.</summary>
internal sealed record ReplicaSummary(string Region, long Entities, ulong Events);

/// <summary>A service compared over all regions.</summary>
internal sealed record ServiceComparison(
    string Service, bool Agree, IReadOnlyList<int> DifferingSlices, IReadOnlyList<ReplicaSummary> Replicas)
{
    /// <summary>Entities that differ, once they have been looked for; at most
    /// <see cref="DifferenceSearch.MaxEntities"/>.</summary>
    public IReadOnlyList<EntityDifference> Differences { get; init; } = [];

    /// <summary>Two regions answered at least; one agrees with itself.</summary>
    internal bool IsCompared => Replicas.Count > 1;

    internal string Project => Service.Split('/')[0];

    internal string Name => Service.Split('/')[1];

    /// <summary>Compares slice by slice; a slice that is missing is an empty one.</summary>
    public static ServiceComparison Of(string service, IReadOnlyList<ReplicaDigests> replicas)
    {
        var differing = replicas.SelectMany(replica => replica.Slices.Keys).Distinct().Order()
            .Where(slice => replicas.Select(r => Content(r.Slices.GetValueOrDefault(slice))).Distinct().Count() > 1)
            .ToList();
        return new ServiceComparison(service, differing.Count == 0, differing,
        [
            .. replicas.Select(replica => new ReplicaSummary(
                replica.Region,
                replica.Slices.Values.Sum(slice => slice.Entities),
                replica.Slices.Values.Aggregate(0UL, (sum, slice) => sum + slice.Events))),
        ]);
    }

    private static SliceDigestView? Content(SliceDigestView? slice)
        => slice is null or { Entities: 0, Events: 0 } ? null : slice;
}
