using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pelago.Api;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>The addresses for instances: enrol with the one-time token, the rest with the credential that it
/// gave.</summary>
/// <param name="desk">Lets them in.</param>
/// <param name="server">Where their journals lie; null for files.</param>
internal sealed class InstanceEndpoints(InstanceDesk desk, RegionServer? server)
{
    public void Map(WebApplication app)
    {
        app.MapPost("/v1/instances/{id}/enrol", EnrolAsync);
        app.MapPost("/v1/instances/{id}/renew", RenewAsync);
        app.MapGet("/v1/instances/{id}/configuration", ConfigureAsync);
        app.MapPost("/v1/instances/{id}/failure", FailAsync);
        app.MapPost("/v1/instances/{id}/journal-key", RenewJournalKeyAsync);
    }

    private async Task EnrolAsync(HttpContext context)
    {
        var (request, malformed) = await JsonBody.ReadAsync(
            context.Request, InstanceJson.Default.InstanceEnrolRequest, context.RequestAborted);
        if (malformed is not null)
        {
            await Problems.WriteAsync(context, malformed);
            return;
        }
        var (enrolment, failure) = desk.Enrol(IdOf(context), request!);
        if (enrolment is not null && server is not null)
        {
            enrolment = desk.Find(IdOf(context)) is not { } instance ? null // it ended meanwhile
                : enrolment with { Database = await DatabaseOfAsync(instance, context.RequestAborted) };
        }
        if (enrolment is null)
            await Problems.WriteAsync(context, failure ?? Unknown);
        else
            await context.Response.WriteAsJsonAsync(
                enrolment, InstanceJson.Default.InstanceEnrolment, cancellationToken: context.RequestAborted);
    }

    private async Task RenewAsync(HttpContext context)
    {
        if (Caller(context) is not { } instance)
        {
            await Problems.WriteAsync(context, Unknown);
            return;
        }
        var (request, malformed) = await JsonBody.ReadAsync(
            context.Request, InstanceJson.Default.InstanceRenewRequest, context.RequestAborted);
        if (malformed is not null)
        {
            await Problems.WriteAsync(context, malformed);
            return;
        }
        var (certificate, failure) = desk.Renew(instance, request!);
        if (certificate is null)
            await Problems.WriteAsync(context, failure!);
        else
            await context.Response.WriteAsJsonAsync(
                certificate, InstanceJson.Default.InstanceCertificate, cancellationToken: context.RequestAborted);
    }

    private async Task ConfigureAsync(HttpContext context)
    {
        if (Caller(context) is not { } instance)
        {
            await Problems.WriteAsync(context, Unknown);
            return;
        }
        if (await desk.WaitForConfigurationAsync(instance, context.Request.Query["version"],
            context.RequestAborted) is { } changed)
            await context.Response.WriteAsJsonAsync(
                changed, InstanceJson.Default.InstanceConfiguration, cancellationToken: context.RequestAborted);
        else
            context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task FailAsync(HttpContext context)
    {
        if (Caller(context) is not { } instance)
        {
            await Problems.WriteAsync(context, Unknown);
            return;
        }
        var (failure, malformed) = await JsonBody.ReadAsync(
            context.Request, InstanceJson.Default.InstanceFailure, context.RequestAborted);
        if (malformed is not null)
        {
            await Problems.WriteAsync(context, malformed);
            return;
        }
        desk.Fail(instance, failure!.Trouble);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private Task<JournalDatabase> DatabaseOfAsync(InstanceState instance, CancellationToken cancellationToken)
        => server!.DatabaseOfAsync(instance.Project, instance.Service, cancellationToken);

    private async Task RenewJournalKeyAsync(HttpContext context)
    {
        if (Caller(context) is not { } instance)
        {
            await Problems.WriteAsync(context, Unknown);
            return;
        }
        JournalKeySet keys;
        try
        {
            keys = desk.RenewJournalKey(instance);
        }
        catch (PelagoException e) // a full disk, or a key that does not open: the instance hears of it
        {
            await Problems.WriteAsync(context, e.Failure);
            return;
        }
        await context.Response.WriteAsJsonAsync(
            keys, InstanceJson.Default.JournalKeySet, cancellationToken: context.RequestAborted);
    }

    private InstanceState? Caller(HttpContext context)
        => desk.Authenticate(IdOf(context), hash => BearerToken.Authorizes(context.Request, hash));

    private static string IdOf(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private static Failure Unknown { get; } = new(ErrorCodes.NotSignedIn,
        "The request carries no credential of this instance.", "An instance gets its credential when it enrols.");
}
