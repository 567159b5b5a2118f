using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pelago.Api;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Every address of the Execution API, in one place. The administrator's token unless it says
/// otherwise.</summary>
internal sealed class ExecutionApi(
    RegionConfig config, RegionStatus status, ServiceEndpoints services, ArtifactEndpoints artifacts,
    InstanceEndpoints instances, ServiceInspection inspection, MemberEndpoints members,
    DiagnosisEndpoint diagnosis)
{
    public void Map(WebApplication app)
    {
        app.MapGet("/livez", context => context.Response.WriteAsync("ok\n", context.RequestAborted)); // open
        app.MapGet("/readyz", ReadyAsync); // open
        app.MapGet("/healthz", HealthAsync); // open
        app.MapGet("/v1/status", Guarded(StatusAsync));
        app.MapGet("/v1/verify/{project}/{service}", Guarded(inspection.VerifyAsync));
        app.MapGet("/v1/verify/{project}/{service}/slices/{slice}", Guarded(inspection.SliceAsync));
        app.MapGet("/v1/verify/{project}/{service}/events", Guarded(inspection.EventsAsync));
        app.MapPost("/v1/quarantine/{project}/{service}", Guarded(inspection.QuarantineAsync));
        app.MapGet("/v1/conflicts/{project}/{service}", Guarded(inspection.ConflictsAsync));
        var journals = inspection.Journals();
        app.MapPost("/v1/journal/{project}/{service}/{kind}", Guarded(journals.StartAsync));
        app.MapGet("/v1/journal/{project}/{service}/{kind}", Guarded(journals.GetAsync));
        var subjects = inspection.Subjects();
        app.MapPost("/v1/subjects/{project}/{service}/look", Guarded(subjects.LookAsync));
        app.MapPost("/v1/subjects/{project}/{service}/erase", Guarded(subjects.EraseAsync));
        app.MapGet("/v1/members", Guarded(members.GetAsync));
        app.MapPost("/v1/members", Guarded(members.ChangeAsync));
        app.MapGet("/v1/diagnosis", Guarded(diagnosis.GetAsync));
        app.MapGet(ArtifactEndpoints.Path, Guarded(artifacts.GetAsync));
        app.MapMethods(ArtifactEndpoints.Path, [HttpMethods.Head], Guarded(artifacts.GetAsync));
        app.MapPut(ArtifactEndpoints.Path, Guarded(artifacts.PutAsync));
        app.MapGet("/apis/pelago.dev/v1/services", Guarded(services.ListAsync));
        app.MapGet("/apis/pelago.dev/v1/namespaces/{project}/services", Guarded(services.ListAsync));
        app.MapPost("/apis/pelago.dev/v1/namespaces/{project}/services", Guarded(services.CreateAsync));
        app.MapGet("/apis/pelago.dev/v1/namespaces/{project}/services/{name}", Guarded(services.GetAsync));
        app.MapPut("/apis/pelago.dev/v1/namespaces/{project}/services/{name}", Guarded(services.ReplaceAsync));
        app.MapDelete("/apis/pelago.dev/v1/namespaces/{project}/services/{name}", Guarded(services.DeleteAsync));
        instances.Map(app); // one-time token, then the instance's credential
    }

    private RequestDelegate Guarded(RequestDelegate next)
        => context => BearerToken.Authorizes(context.Request, config.AdminTokenSha256)
            ? next(context)
            : Problems.WriteAsync(context, BearerToken.Refusal);

    private Task ReadyAsync(HttpContext context)
    {
        var ready = status.IsReadyToServe;
        context.Response.StatusCode = ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync(ready ? "ok\n" : "starting\n", context.RequestAborted);
    }

    private async Task HealthAsync(HttpContext context)
    {
        var health = await status.CheckHealthAsync(context.RequestAborted);
        context.Response.StatusCode = health.Healthy ? StatusCodes.Status200OK
            : StatusCodes.Status503ServiceUnavailable;
        await context.Response.WriteAsJsonAsync(health, RegionJson.Default.RegionHealth,
            cancellationToken: context.RequestAborted);
    }

    private async Task StatusAsync(HttpContext context)
        => await context.Response.WriteAsJsonAsync(await status.ViewAsync(context.RequestAborted),
            RegionJson.Default.RegionView,
            cancellationToken: context.RequestAborted);
}
