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

    // 1 the document  2 is the event here?  3 the kernel notes it
    private static async Task<int> QuarantineAsync(
        HttpRequest request, EntityRuntime runtime, CancellationToken cancellationToken)
    {
        // 1.
        QuarantineBody? body;
        try
        {
            body = await request.ReadFromJsonAsync(InspectionJson.Default.QuarantineBody, cancellationToken);
        }
        catch (JsonException)
        {
            return StatusCodes.Status400BadRequest;
        }
        if (body is null || body.Where.Length > MaxWhereLength || body.Where.Any(char.IsControl)
            || EntityKey.CheckId(body.Id) is not null || body.Type.Length > EventLimits.MaxNameLength)
            return StatusCodes.Status400BadRequest;
        // 2.
        var key = new EntityKey(body.Type, body.Id);
        var image = await runtime.Journal.LoadHistoryAsync(key, cancellationToken);
        var named = image.Rows.Select(r => r.Event)
            .FirstOrDefault(e => e.Sequence == body.Sequence && e.Origin.ToString() == body.Origin);
        if (named is null)
            return StatusCodes.Status404NotFound;
        // 3.
        await runtime.InspectAsync((kernel, now) =>
        {
            kernel.Quarantine(key, named.Origin, named.Sequence, body.Where, now);
            return true;
        }, cancellationToken);
        return StatusCodes.Status202Accepted;
    }
}
