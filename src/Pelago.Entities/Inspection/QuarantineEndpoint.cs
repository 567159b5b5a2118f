using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Takes note of a fork that a comparison of regions has found. Unlike the inspection it changes something, so
/// it wants the secret that only this region knows.</summary>
public static class QuarantineEndpoint
{
    /// <summary>Path on the management listener.</summary>
    public const string Path = "/v1/quarantine";

    private const int MaxWhereLength = 512;

    /// <summary>Maps <c>POST /v1/quarantine</c>: 202 when the entity is quarantined (durable within a second; asking
    /// again changes nothing), 404 when no such event is here.</summary>
    /// <param name="runtime">The runtime, or null while it starts.</param>
    /// <param name="access">Knows the secret; null while it is not known here.</param>
    public static void MapQuarantine(
        this IEndpointRouteBuilder endpoints, Func<EntityRuntime?> runtime, Func<ReplicationAccess?> access)
        => endpoints.MapPost(Path, async context =>
        {
            var sent = context.Request.Headers[ReplicationAccess.SecretHeader];
            context.Response.StatusCode = access()?.CameThroughIngress(sent) != true
                ? StatusCodes.Status403Forbidden
                : runtime() is { IsServing: true } serving
                    ? await QuarantineAsync(context.Request, serving, context.RequestAborted)
                    : StatusCodes.Status503ServiceUnavailable;
        });

    /// <summary>Quarantines an entity in this replica: 1. checks what is asked for, 2. looks for the event, 3. lets the
    /// kernel take note.</summary>
    /// <param name="where">Who holds which event: a clause on one line.</param>
    /// <returns>202, 404 or 400, as the endpoint answers.</returns>
    public static async Task<int> QuarantineAsync(
        EntityRuntime runtime, EntityKey entity, string origin, ulong sequence, string where,
        CancellationToken cancellationToken)
    {
        // 1.
        if (where.Length > MaxWhereLength || where.Any(char.IsControl) || EntityKey.CheckId(entity.Id) is not null
            || entity.Type.Length > EventLimits.MaxNameLength)
            return StatusCodes.Status400BadRequest;
        // 2.
        var image = await runtime.Journal.LoadHistoryAsync(entity, cancellationToken);
        var named = image.Rows.Select(r => r.Event)
            .FirstOrDefault(e => e.Sequence == sequence && e.Origin.ToString() == origin);
        if (named is null)
            return StatusCodes.Status404NotFound;
        // 3.
        await runtime.InspectAsync((kernel, now) =>
        {
            kernel.Quarantine(entity, named.Origin, named.Sequence, where, now);
            return true;
        }, cancellationToken);
        return StatusCodes.Status202Accepted;
    }

    private static async Task<int> QuarantineAsync(
        HttpRequest request, EntityRuntime runtime, CancellationToken cancellationToken)
    {
        QuarantineBody? body;
        try
        {
            body = await request.ReadFromJsonAsync(InspectionJson.Default.QuarantineBody, cancellationToken);
        }
        catch (JsonException)
        {
            return StatusCodes.Status400BadRequest;
        }
        return body is null ? StatusCodes.Status400BadRequest
            : await QuarantineAsync(runtime, new EntityKey(body.Type, body.Id), body.Origin, body.Sequence, body.Where,
                cancellationToken);
    }
}
