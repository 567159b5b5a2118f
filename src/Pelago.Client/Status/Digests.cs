using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>What a region holds of every entity of a slice, as
/// <c>GET /v1/verify/{project}/{service}/slices/{slice}</c> of the Execution API shows it (bearer: the administrator's
/// token).</summary>
public sealed record SliceEntitiesView(string Region, int Slice, IReadOnlyList<EntityDigestView> Entities);

/// <summary>What two regions compare of one entity.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Id">Its id.</param>
/// <param name="Vector">Events by origin (<c>region@incarnation</c>).</param>
/// <param name="Events">How many in all.</param>
/// <param name="EventsHash">Hash of the set of events, lower-case hex.</param>
/// <param name="StateHash">Hash of the state, lower-case hex; empty when it cannot be shown there.</param>
public sealed record EntityDigestView(
    string Type, string Id, IReadOnlyDictionary<string, ulong> Vector, ulong Events, string EventsHash,
    string StateHash);

/// <summary>Every event of one entity in a region, as <c>GET /v1/verify/{project}/{service}/events?type=T&amp;id=I</c>
/// shows it.</summary>
/// <param name="Region">The region that answers.</param>
/// <param name="Origins">By origin: the first 16 hex digits of each event's hash, from number 1 on without
/// gaps; empty for an event of which the row is gone and a checkpoint stands for it.</param>
/// <param name="Complete">False when there are more events than are shown (<see cref="MaxEvents"/>), or when a row
/// cannot be read: events are then shown as far as the first such row.</param>
public sealed record EventDigestsView(
    string Region, IReadOnlyDictionary<string, IReadOnlyList<string>> Origins, bool Complete)
{
    /// <summary>Events that are shown.</summary>
    public const int MaxEvents = 200_000;

    /// <summary>Rows are missing that the region should be able to show.</summary>
    [JsonIgnore]
    public bool IsDamaged => !Complete && Origins.Values.Sum(o => (long)o.Count) < MaxEvents;
}

/// <summary>Body of <c>POST /v1/quarantine/{project}/{service}</c>: two regions hold different events under one
/// name.</summary>
/// <param name="Type">Type of the entity.</param>
/// <param name="Id">Its id.</param>
/// <param name="Origin">Origin of both events.</param>
/// <param name="Sequence">Their number.</param>
/// <param name="Where">Who holds which: a clause of at most 512 characters, shown with the entity from then on.</param>
public sealed record QuarantineRequest(string Type, string Id, string Origin, ulong Sequence, string Where);

/// <summary>How digests are written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SliceEntitiesView))]
[JsonSerializable(typeof(EventDigestsView))]
[JsonSerializable(typeof(QuarantineRequest))]
public sealed partial class DigestJson : JsonSerializerContext;
