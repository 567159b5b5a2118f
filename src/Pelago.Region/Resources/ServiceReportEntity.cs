using System.Text.Json;
using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Region;

/// <summary>How a service is in one region, as a replicated entity, id <c>project/name/region</c>: so that every region
/// can say how a service is everywhere, by the same engine that brought it there.</summary>
/// <remarks>Only the region that an id names writes it, so nothing is ever concurrent but after a restore of that
/// region's journal; then the later report counts.</remarks>
/// <param name="State">As in <c>pelago status</c>; null when the region does not have the service.</param>
/// <param name="Message">Why it is not ready, or null.</param>
/// <param name="Generation">Generation of the resource that the region acted on.</param>
/// <param name="Artifact">Digest of the program that it was told to run.</param>
/// <param name="Milliseconds">When it was reported, milliseconds since 1970 by that region's clock.</param>
internal sealed record ServiceReportEntity(
    string? State, string? Message, long Generation, string Artifact, long Milliseconds) : IEntity<ServiceReportEntity>
{
    public const string TypeName = "service-report";

    private static readonly ServiceReportEntity Never = new(null, null, 0, "", 0);

    /// <summary>The id of a report.</summary>
    public static string IdOf(string project, string name, string region) => $"{project}/{name}/{region}";

    public static void Define(EntityDefinition<ServiceReportEntity> entity) => entity
        .Named(TypeName)
        .Merge(MergeStrategy.Ordered)
        .State(_ => Never, ServiceReportJson.Default.ServiceReportEntity)
        .Event("service-reported", 1, ServiceReportJson.Default.ServiceReported,
            (_, e, context) => Folded.To(new ServiceReportEntity(
                e.State, e.Message, e.Generation, e.Artifact, context.Timestamp.Milliseconds)))
        .Command<ReportService, ServiceReportEntity>(ServiceReportJson.Default.ServiceReportEntity, Report);

    private static Effect<ServiceReportEntity, ServiceReportEntity> Report(
        ServiceReportEntity state, ReportService command, CommandContext context)
        => command.Report.Tells(state)
            ? Effect.Persist(command.Report).ThenReply<ServiceReportEntity, ServiceReportEntity>(s => s)
            : Effect.Reply<ServiceReportEntity, ServiceReportEntity>(state);
}

/// <summary>Says how a service is here.</summary>
internal sealed record ReportService(ServiceReported Report) : ICommand<ServiceReportEntity>;

/// <summary>A service is so.</summary>
internal sealed record ServiceReported(string? State, string? Message, long Generation, string Artifact)
{
    /// <summary>Whether it says something that a report does not say already.</summary>
    public bool Tells(ServiceReportEntity known)
        => State != known.State || Message != known.Message || Generation != known.Generation
            || Artifact != known.Artifact;
}

/// <summary>How reports are stored.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ServiceReportEntity))]
[JsonSerializable(typeof(ServiceReported))]
internal sealed partial class ServiceReportJson : JsonSerializerContext;
