using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>A page of a service's conflict ledger in one region, oldest first, as
/// <c>GET /v1/conflicts/{project}/{service}?after=N&amp;limit=N</c> of the Execution API shows it (bearer: the
/// administrator's token).</summary>
/// <param name="Region">The region that answers: each keeps the ledger of what it folded.</param>
/// <param name="Next">Cursor of the next page; 0 when this was the last. A cursor stays good for ever.</param>
/// <param name="Conflicts">At most <c>limit</c> entries (100 unless asked, 1,000 at most).</param>
public sealed record ConflictPageView(string Region, long Next, IReadOnlyList<ConflictView> Conflicts);

/// <summary>An event that is not in the state as its author meant it.</summary>
/// <param name="Type">Type of the entity.</param>
/// <param name="Id">Id of the entity.</param>
/// <param name="Kind"><c>RefusedByFold</c>, <c>Deduplicated</c>, <c>Fork</c>,
/// <c>Orphaned</c>, <c>CausesLost</c> or <c>Overwritten</c>.</param>
/// <param name="Origin">Where the event was written: region and incarnation.</param>
/// <param name="Sequence">Its number there, within the entity.</param>
/// <param name="RecordedAt">When this region noticed.</param>
/// <param name="Reason">One sentence.</param>
public sealed record ConflictView(
    string Type, string Id, string Kind, string Origin, ulong Sequence, DateTimeOffset RecordedAt, string Reason);

/// <summary>How conflicts are written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ConflictPageView))]
public sealed partial class ConflictJson : JsonSerializerContext;
