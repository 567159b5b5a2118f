using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pelago.Api;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Federation;

/// <summary>Every address of the Management API, in one place.</summary>
internal sealed class ManagementApi(FederationConfig config, Enrolment enrolment, FederationExamination examination)
{
    /// <summary>Maps the addresses. Bearer token unless it says otherwise.</summary>
    public void Map(WebApplication app)
    {
        app.MapGet("/livez", context => context.Response.WriteAsync("ok\n", context.RequestAborted)); // open
        app.MapGet("/readyz", context => context.Response.WriteAsync("ok\n", context.RequestAborted)); // open
        app.MapGet("/healthz", context => context.Response.WriteAsync("ok\n", context.RequestAborted)); // open
        app.MapGet("/v1/diagnosis", DiagnoseAsync);
        app.MapGet("/v1/groups/{group}", ShowGroupAsync);
        app.MapGet("/v1/groups/{group}/trust-bundle", ShowBundleAsync); // open: it is public
        app.MapPost("/v1/groups/{group}/regions/{name}/enrol", EnrolAsync); // one-time token
        app.MapPost("/v1/groups/{group}/regions/{name}/renew", RenewAsync); // proof by the present key
    }

    private Task DiagnoseAsync(HttpContext context)
        => BearerToken.Authorizes(context.Request, config.AdminTokenSha256)
            ? context.Response.WriteAsJsonAsync(examination.Examine(), DiagnosisJson.Default.FederationDiagnosis,
                cancellationToken: context.RequestAborted)
            : Problems.WriteAsync(context, BearerToken.Refusal);

    private Task ShowGroupAsync(HttpContext context)
    {
        if (!BearerToken.Authorizes(context.Request, config.AdminTokenSha256))
            return Problems.WriteAsync(context, BearerToken.Refusal);
        return UnknownGroup(context) is { } failure
            ? Problems.WriteAsync(context, failure)
            : context.Response.WriteAsJsonAsync(enrolment.View(), FederationJson.Default.GroupView,
                cancellationToken: context.RequestAborted);
    }

    private Task ShowBundleAsync(HttpContext context)
    {
        if (UnknownGroup(context) is { } failure)
            return Problems.WriteAsync(context, failure);
        context.Response.ContentType = "application/x-pem-file";
        return context.Response.WriteAsync(enrolment.Trust.Pem, context.RequestAborted);
    }

    private async Task EnrolAsync(HttpContext context)
    {
        var (request, malformed) = await JsonBody.ReadAsync(
            context.Request, FederationJson.Default.RegionEnrolRequest, context.RequestAborted);
        if ((malformed ?? UnknownGroup(context)) is { } bad)
        {
            await Problems.WriteAsync(context, bad);
            return;
        }
        var (grant, failure) = enrolment.Enrol(Name(context), request!);
        if (grant is null)
            await Problems.WriteAsync(context, failure!);
        else
            await context.Response.WriteAsJsonAsync(grant, FederationJson.Default.RegionEnrolmentGrant,
                cancellationToken: context.RequestAborted);
    }

    private async Task RenewAsync(HttpContext context)
    {
        var (request, malformed) = await JsonBody.ReadAsync(
            context.Request, FederationJson.Default.RegionRenewRequest, context.RequestAborted);
        if ((malformed ?? UnknownGroup(context)) is { } bad)
        {
            await Problems.WriteAsync(context, bad);
            return;
        }
        var (renewal, failure) = enrolment.Renew(Name(context), request!);
        if (renewal is null)
            await Problems.WriteAsync(context, failure!);
        else
            await context.Response.WriteAsJsonAsync(renewal, FederationJson.Default.RegionRenewal,
                cancellationToken: context.RequestAborted);
    }

    private Failure? UnknownGroup(HttpContext context)
        => (string?)context.Request.RouteValues["group"] == config.Group ? null : new Failure(ErrorCodes.GroupUnknown,
            "There is no such region group.", "Check the group's name.", "group");

    private static string Name(HttpContext context) => (string)context.Request.RouteValues["name"]!;
}
