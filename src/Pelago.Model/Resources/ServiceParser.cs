using System.Buffers;
using System.Text.Json;

namespace Pelago.Model;

/// <summary>Reads a <see cref="ServiceResource"/> from what a user sent. Pure; nothing is trusted.</summary>
public static class ServiceParser
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private const int DigestHexDigits = 64;
    private const int MostEntries = 64;
    private const int LongestKey = 253;
    private const int LongestValue = 4096;

    /// <summary>Parses and validates a document.</summary>
    /// <param name="document">The JSON document.</param>
    /// <param name="project">The project that the document must belong to (it stands in the URL), or null.</param>
    /// <param name="name">The name that the document must have, or null.</param>
    /// <param name="service">The service; null when there is any failure.</param>
    /// <returns>Every failure found; empty when the document is valid.</returns>
    public static IReadOnlyList<Failure> Parse(
        JsonElement document, string? project, string? name, out ServiceResource? service)
    {
        var failures = new List<Failure>();
        service = null;
        var root = new FieldReader(document, "", failures, "apiVersion", "kind", "metadata", "spec", "status");
        if (document.ValueKind != JsonValueKind.Object)
            return failures;
        Fixed(root, "apiVersion", ServiceResource.PelagoVersion);
        Fixed(root, "kind", ServiceResource.KindName);
        var metadata = Metadata(root, failures, project, name);
        var spec = Spec(root, failures);
        if (failures.Count == 0)
            service = new ServiceResource(metadata!, spec!);
        return failures;
    }

    private static void Fixed(FieldReader root, string field, string value)
    {
        if (root.Text(field, required: true) is { } given && given != value)
            root.Fail(field, $"must be '{value}'");
    }

    private static ObjectMetadata? Metadata(FieldReader root, List<Failure> failures, string? project, string? name)
    {
        if (root.Member("metadata") is not { } element)
        {
            root.Fail("metadata", "is required");
            return null;
        }
        var fields = new FieldReader(element, "metadata", failures, "name", "namespace", "uid", "resourceVersion",
            "generation", "creationTimestamp", "labels", "annotations");
        var ownName = fields.Text("name", required: true);
        if (ownName is not null && Names.CheckService(ownName) is { } badName)
            fields.Fail("name", badName);
        if (ownName is not null && name is not null && ownName != name)
            fields.Fail("metadata.name", $"must be '{name}', as in the address");
        var ownProject = fields.Text("namespace") ?? project;
        if (ownProject is null)
            fields.Fail("metadata.namespace", "is required");
        else if (Names.CheckProject(ownProject) is { } badProject)
            fields.Fail("namespace", badProject);
        else if (project is not null && ownProject != project)
            fields.Fail("metadata.namespace", $"must be '{project}', as in the address");
        return new ObjectMetadata(ownName ?? "", ownProject ?? "")
        {
            Uid = fields.Text("uid"),
            ResourceVersion = fields.Text("resourceVersion"),
            Labels = fields.Map("labels", MostEntries, BrokenLabel),
            Annotations = fields.Map("annotations", MostEntries, BrokenLabel),
        };
    }

    private static ServiceSpec? Spec(FieldReader root, List<Failure> failures)
    {
        if (root.Member("spec") is not { } element)
        {
            root.Fail("spec", "is required");
            return null;
        }
        var fields = new FieldReader(
            element, "spec", failures, "artifact", "instances", "replicated", "public", "environment");
        var artifact = fields.Text("artifact", required: true);
        if (artifact is not null && !IsDigest(artifact))
            fields.Fail("spec.artifact", "must be 'sha256:' and 64 lower-case hexadecimal digits");
        return new ServiceSpec(artifact ?? "")
        {
            Instances = fields.Number(
                "instances",
                1,
                1,
                1,
                "Several instances in a region would need a shared journal."
            ),
            Replicated = fields.Flag("replicated", true),
            Public = fields.Flag("public", true),
            Environment = fields.Map("environment", MostEntries, BrokenVariable),
        };
    }

    /// <summary>True for <c>sha256:</c> and 64 lower-case hexadecimal digits: safe as a file name.</summary>
    public static bool IsDigest(string? text)
        => text is not null && text.StartsWith("sha256:", StringComparison.Ordinal)
        && text.Length == "sha256:".Length + DigestHexDigits
        && !text.AsSpan("sha256:".Length).ContainsAnyExcept(HexDigits);

    private static string? BrokenLabel(string key, string value)
        => key.Length is 0 or > LongestKey ? $"has a name that is empty or longer than {LongestKey}"
        : value.Length > LongestValue ? $"is longer than {LongestValue}"
        : null;

    private static string? BrokenVariable(string key, string value)
    {
        if (key.Length is 0 or > LongestKey || char.IsAsciiDigit(key[0])
            || key.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '_'))
            return "must be named with A–Z, a–z, 0–9 and _, not beginning with a digit";
        if (key.StartsWith("PELAGO_", StringComparison.OrdinalIgnoreCase))
            return "must not begin with 'PELAGO_', which the region sets";
        return value.Length > LongestValue || value.Contains('\0', StringComparison.Ordinal)
            ? $"must be at most {LongestValue} characters without NUL"
            : null;
    }
}
