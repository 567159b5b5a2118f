namespace Pelago.Model;

/// <summary>A declared service: the desired program of a project in every region of the group. Immutable.</summary>
public sealed record ServiceResource(ObjectMetadata Metadata, ServiceSpec Spec, ServiceStatus? Status = null)
{
    /// <summary>Group and version of Pelago's own kinds.</summary>
    public const string PelagoVersion = "pelago.dev/v1";

    /// <summary>The kind's name.</summary>
    public const string KindName = "Service";

    /// <summary>Always <see cref="PelagoVersion"/>.</summary>
    public string ApiVersion { get; } = PelagoVersion;

    /// <summary>Always <see cref="KindName"/>.</summary>
    public string Kind { get; } = KindName;
}

/// <summary>What every resource has, as Kubernetes defines it (API conventions, "Metadata").</summary>
/// <param name="Name">Name, unique in the project for the kind.</param>
/// <param name="Namespace">The project.</param>
public sealed record ObjectMetadata(string Name, string Namespace)
{
    /// <summary>Names one life of the resource: a later resource of the same name has another.</summary>
    public string? Uid { get; init; }

    /// <summary>Opaque; differs whenever what this region shows of the resource differs. Valid in this region
    /// only.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Counts changes of <c>spec</c>, from 1.</summary>
    public long? Generation { get; init; }

    /// <summary>When it was created, RFC 3339, UTC, whole seconds.</summary>
    public string? CreationTimestamp { get; init; }

    /// <summary>Names and values to select by.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Anything that tools want to keep.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>What a service should be.</summary>
/// <param name="Artifact">Digest of the program, <c>sha256:</c> and 64 lower-case hexadecimal digits.</param>
public sealed record ServiceSpec(string Artifact)
{
    /// <summary>Instances in each region. One: several would need a journal that they share.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>Whether its entities replicate to the other regions.</summary>
    public bool Replicated { get; init; } = true;

    /// <summary>Whether users reach it at its generated host name.</summary>
    public bool Public { get; init; } = true;

    /// <summary>Environment variables of its instances. Not for secrets: everybody who may read the resource reads
    /// them.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>What a service is, as the region that was asked knows it.</summary>
/// <param name="ObservedGeneration">The generation that this region has acted on.</param>
/// <param name="Conditions">Conditions <c>Synced</c> and <c>Ready</c> over all regions.</param>
/// <param name="Regions">The same, region by region.</param>
public sealed record ServiceStatus(
    long ObservedGeneration, IReadOnlyList<ResourceCondition> Conditions, IReadOnlyList<RegionStatus> Regions);

/// <summary>One region's view of a resource.</summary>
public sealed record RegionStatus(string Name, long ObservedGeneration, IReadOnlyList<ResourceCondition> Conditions);

/// <summary>A condition as Kubernetes defines it.</summary>
/// <param name="Type"><c>Synced</c> (the region has the resource) or <c>Ready</c> (it works).</param>
/// <param name="Status"><c>True</c>, <c>False</c> or <c>Unknown</c>.</param>
/// <param name="Reason">One word in camel case for programs.</param>
/// <param name="Message">One sentence for people; may be empty.</param>
public sealed record ResourceCondition(string Type, string Status, string Reason, string Message);
