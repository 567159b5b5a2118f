using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Model;

/// <summary>A page of resources, as Kubernetes lists them.</summary>
public sealed record ServiceList(ListMetadata Metadata, IReadOnlyList<ServiceResource> Items)
{
    /// <summary>Always <see cref="ServiceResource.PelagoVersion"/>.</summary>
    public string ApiVersion { get; } = ServiceResource.PelagoVersion;

    /// <summary>The list's kind.</summary>
    public string Kind { get; } = "ServiceList";
}

/// <summary>Metadata of a list.</summary>
public sealed record ListMetadata(string ResourceVersion);

/// <summary>An error in the resource protocol (Kubernetes API conventions, "Response Status Kind").</summary>
/// <param name="Message">One sentence; begins with Pelago's code.</param>
/// <param name="Reason">One word in camel case, Kubernetes' own vocabulary.</param>
/// <param name="Code">HTTP status.</param>
/// <param name="Details">Which fields break which rule.</param>
public sealed record StatusError(string Message, string Reason, int Code, StatusDetails? Details)
{
    /// <summary>Always <c>v1</c>.</summary>
    public string ApiVersion { get; } = "v1";

    /// <summary>Always <c>Status</c>.</summary>
    public string Kind { get; } = "Status";

    /// <summary>Always <c>Failure</c>.</summary>
    public string Status { get; } = "Failure";
}

/// <summary>What a <see cref="StatusError"/> is about.</summary>
public sealed record StatusDetails(string Group, string Kind, string? Name, IReadOnlyList<StatusCause> Causes);

/// <summary>One broken rule.</summary>
/// <param name="Reason">Pelago's code.</param>
/// <param name="Message">One sentence.</param>
/// <param name="Field">Path of the field.</param>
public sealed record StatusCause(string Reason, string Message, string? Field);

/// <summary>How resources are written to the wire.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServiceResource))]
[JsonSerializable(typeof(ServiceList))]
[JsonSerializable(typeof(StatusError))]
public sealed partial class ResourceJson : JsonSerializerContext;
