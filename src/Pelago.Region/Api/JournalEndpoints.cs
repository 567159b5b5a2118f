using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Pelago.Api;
using Pelago.Client;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Runs over the journal of a service (checks, counts, compactions, renewals of keys): its instance holds the
/// journal and its keys, so the instance does the work, and the region passes on. For <c>pelago/region</c> the region's
/// own runtime does it.</summary>
internal sealed class JournalEndpoints(
    RegionStatus status, InstanceProbe probe, InstanceStarter starter, EntityRuntime own)
{
    /// <summary>Starts a run. Stops: 1. there is such a kind and such a service, 2. the document, if there is one,
    /// 3. an instance takes it.</summary>
    public async Task StartAsync(HttpContext context)
    {
        var (project, name) = ServiceInspection.NamesOf(context);
        // 1.
        if (Refuse(context, project, name, out var kind) is { } refusal)
        {
            await Problems.WriteAsync(context, refusal);
            return;
        }
        // 2.
        var hasBody = context.Request.ContentLength != 0
            && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        var (asked, malformed) = !hasBody ? (new JournalRunRequest(), null)
            : await JsonBody.ReadAsync(
                context.Request, JournalRunJson.Default.JournalRunRequest, context.RequestAborted);
        // 3.
        var failure = malformed ?? await TellAsync(project, name, kind, asked!, context.RequestAborted) switch
        {
            HttpStatusCode.Accepted => null,
            HttpStatusCode.Conflict => new Failure(ErrorCodes.CompactionUnderWay,
                "Another compaction of this journal is under way, of another type or of all.",
                "Repeat the command when it is done."),
            HttpStatusCode.UnprocessableEntity => new Failure(ErrorCodes.InvalidField, kind == JournalRunKind.Compact
                ? $"Service '{project}/{name}' has no such entity type." : "Only a compaction is of one type.",
                "Name a type that the service registers, or leave it out for all.", "type"),
            _ => ServiceInspection.NoInstance(project, name),
        };
        if (failure is not null)
            await Problems.WriteAsync(context, failure);
        else
            context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    /// <summary>How far the last run is. Stops: 1. there is such a kind and such a service, 2. an instance answers.
    /// </summary>
    public async Task GetAsync(HttpContext context)
    {
        var (project, name) = ServiceInspection.NamesOf(context);
        // 1.
        if (Refuse(context, project, name, out var kind) is { } refusal)
        {
            await Problems.WriteAsync(context, refusal);
            return;
        }
        // 2.
        if (ServiceInspection.IsOwn(project, name))
        {
            if (own.JournalRuns.Last(kind) is null)
                await Problems.WriteAsync(context, NoRun(project, name));
            else
                await JournalRunEndpoint.WriteAsync(context, own, kind);
        }
        else if (status.ReadyInstanceOf($"{project}/{name}") is not { } instance)
        {
            await Problems.WriteAsync(context, ServiceInspection.NoInstance(project, name));
        }
        else if (await probe.InspectAsync(instance, PathOf(kind), context.RequestAborted) is { } document)
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            await context.Response.WriteAsync(document, context.RequestAborted);
        }
        else
        {
            await Problems.WriteAsync(context, NoRun(project, name));
        }
    }

    private Failure? Refuse(HttpContext context, string project, string name, out JournalRunKind kind)
    {
        var asked = JournalRunEndpoint.KindOf((string?)context.Request.RouteValues["kind"]);
        kind = asked ?? default;
        if (asked is null)
        {
            return new Failure(ErrorCodes.ResourceNotFound, "There is no such run over a journal.",
                $"There are {JournalRunKinds.Check}, {JournalRunKinds.Stats}, {JournalRunKinds.Rekey}, "
                + $"{JournalRunKinds.RekeyKek} and {JournalRunKinds.Compact}.");
        }
        return ServiceInspection.IsOwn(project, name) || status.Has(project, name) ? null
            : ServiceInspection.NoService;
    }

    private async Task<HttpStatusCode?> TellAsync(string project, string name, JournalRunKind kind,
        JournalRunRequest asked, CancellationToken cancellationToken)
    {
        if (ServiceInspection.IsOwn(project, name))
            return (HttpStatusCode)JournalRunEndpoint.Start(own, kind, asked.Type);
        return status.ReadyInstanceOf($"{project}/{name}") is { } instance
            ? await probe.TellAsync(instance, PathOf(kind), starter.IngressSecretOf(instance), asked,
                JournalRunJson.Default.JournalRunRequest, cancellationToken)
            : null;
    }

    private static string PathOf(JournalRunKind kind) => JournalRunEndpoint.PathOf(kind switch
    {
        JournalRunKind.Check => JournalRunKinds.Check,
        JournalRunKind.Stats => JournalRunKinds.Stats,
        JournalRunKind.Rekey => JournalRunKinds.Rekey,
        JournalRunKind.Compact => JournalRunKinds.Compact,
        _ => JournalRunKinds.RekeyKek,
    });

    private static Failure NoRun(string project, string name) => new(ErrorCodes.ResourceNotFound,
        $"No such run over the journal of '{project}/{name}' is known here.",
        "It may have ended with its instance: start it again.");
}
