using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>Body of <c>POST /v1/subjects/{project}/{service}/look</c> and <c>…/erase</c> of the Execution API
/// (bearer: the administrator's token). A subject's name may itself be personal, so it stands in the body: addresses
/// are logged.</summary>
/// <param name="Subject">As it was given when something of it was sealed.</param>
/// <param name="Force">To erase one that the region does not know: something of it may be on its way.</param>
public sealed record SubjectRequest(string Subject, bool Force)
{
    /// <summary>Of an erasure: in how many regions it has to be durable before it is answered, <c>local</c>, a number
    /// or <c>majority</c>; null for the region that is asked.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Acknowledge { get; init; }

    /// <summary>Nothing of the subject.</summary>
    public override string ToString() => "a subject";
}

/// <summary>How a subject is in one region. It does not repeat the subject's name.</summary>
/// <param name="Region">The region that answers.</param>
/// <param name="State"><c>Unknown</c>, <c>Known</c> or <c>Forgotten</c>: then it is durable that the subject's keys are
/// gone in this region, and that none is taken any more.</param>
/// <param name="Keys">How many keys were ever made for it, as far as this region has heard.</param>
public sealed record SubjectView(string Region, string State, int Keys)
{
    /// <summary>Why it was not carried out, in an instance's answer to its region; null otherwise.</summary>
    public TroubleView? Failure { get; init; }
}

/// <summary>What a subject can be to a region.</summary>
public static class SubjectStates
{
    /// <summary>Nothing was ever sealed for it, as far as the region has heard.</summary>
    public const string Unknown = "Unknown";

    /// <summary>It has keys.</summary>
    public const string Known = "Known";

    /// <summary>Its keys are gone.</summary>
    public const string Forgotten = "Forgotten";
}

/// <summary>How subjects are written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SubjectRequest))]
[JsonSerializable(typeof(SubjectView))]
public sealed partial class SubjectJson : JsonSerializerContext;
