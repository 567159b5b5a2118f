using Microsoft.AspNetCore.Http;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Errors of the resource protocol: a <c>Status</c> document that names every broken rule with its
/// field.</summary>
internal static class StatusErrors
{
    public static async Task WriteAsync(HttpContext context, string? name, params IReadOnlyList<Failure> failures)
    {
        var first = failures[0].Error;
        var error = failures.Count == 1 ? first : ErrorCodes.InvalidResource;
        var message = failures.Count == 1
            ? failures[0].ToString()
            : $"{error.Code}: The service has {failures.Count} errors: "
                + string.Join(' ', failures.Select(f => f.Message));
        var status = new StatusError(message, ReasonOf(error.HttpStatus), error.HttpStatus,
            new StatusDetails("pelago.dev", "services", string.IsNullOrEmpty(name) ? null : name,
                [.. failures.Select(f => new StatusCause(f.Error.Code, $"{f.Message} {f.Next}".TrimEnd(), f.Field))]));
        context.Response.StatusCode = error.HttpStatus;
        await context.Response.WriteAsJsonAsync(
            status, ResourceJson.Default.StatusError, cancellationToken: context.RequestAborted);
    }

    private static string ReasonOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "BadRequest",
        StatusCodes.Status404NotFound => "NotFound",
        StatusCodes.Status409Conflict => "Conflict",
        StatusCodes.Status413PayloadTooLarge => "RequestEntityTooLarge",
        StatusCodes.Status422UnprocessableEntity => "Invalid",
        StatusCodes.Status429TooManyRequests => "TooManyRequests",
        StatusCodes.Status503ServiceUnavailable => "ServiceUnavailable",
        StatusCodes.Status504GatewayTimeout => "Timeout",
        _ => "InternalError",
    };
}
