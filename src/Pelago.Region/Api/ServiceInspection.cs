using System.Globalization;
using Microsoft.AspNetCore.Http;
using Pelago.Api;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>What the Execution API passes on from a service's instance: digests of its entities, and its conflict
/// ledger.</summary>
internal sealed class ServiceInspection(RegionStatus status)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    public Task VerifyAsync(HttpContext context) => PassOnAsync(context, "/v1/digests");

    /// <summary>A page of the ledger. Stops: 1. cursor and limit are numbers within their bounds, 2. an instance
    /// answers.</summary>
    public async Task ConflictsAsync(HttpContext context)
    {
        if (!TryNumber(context, "after", 0, long.MaxValue, 0, out var after)
            || !TryNumber(context, "limit", 1, MaxLimit, DefaultLimit, out var limit))
        {
            await Problems.WriteAsync(context, new Failure(ErrorCodes.InvalidField,
                $"'after' must be a cursor and 'limit' a number from 1 to {MaxLimit}.",
                "Begin without 'after', go on with the 'next' of the page before.", "after"));
            return;
        }
        await PassOnAsync(context, string.Create(
            CultureInfo.InvariantCulture, $"/v1/conflicts?after={after}&limit={limit}"));
    }

    private async Task PassOnAsync(HttpContext context, string path)
    {
        var (project, name) = ((string)context.Request.RouteValues["project"]!,
            (string)context.Request.RouteValues["service"]!);
        if (!status.Has(project, name))
        {
            await Problems.WriteAsync(context, new Failure(ErrorCodes.ResourceNotFound,
                "There is no such service in this region.", "List them with GET /apis/pelago.dev/v1/services."));
            return;
        }
        if (await status.InspectAsync($"{project}/{name}", path, context.RequestAborted) is not { } document)
        {
            await Problems.WriteAsync(context, new Failure(
                ErrorCodes.NoReadyInstance, $"No instance of '{project}/{name}' answers here.",
                "Wait until it is ready."));
            return;
        }
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.WriteAsync(document, context.RequestAborted);
    }

    private static bool TryNumber(
        HttpContext context, string name, long least, long most, long otherwise, out long value)
    {
        string? text = context.Request.Query[name];
        value = otherwise;
        return text is null
            || (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
                && value >= least && value <= most);
    }
}
