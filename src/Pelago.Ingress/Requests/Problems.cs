using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pelago.Model;

namespace Pelago.Ingress;

/// <summary>Answers that the ingress gives itself: problem details (RFC 9457) with the registered code.</summary>
internal static class Problems
{
    private const string RetryAfterSeconds = "1";

    public static async Task WriteAsync(HttpContext context, Failure failure)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            context.Abort();
            return;
        }
        response.Clear();
        response.StatusCode = failure.Error.HttpStatus;
        response.ContentType = "application/problem+json";
        if (failure.Error.HttpStatus == StatusCodes.Status503ServiceUnavailable)
            response.Headers.RetryAfter = RetryAfterSeconds;
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new Problem(
                $"urn:pelago:error:{failure.Error.Code}",
                failure.Error.Title,
                failure.Error.HttpStatus,
                failure.Message,
                failure.Error.Code,
                failure.Next
            ),
            JsonSerializerOptions.Web
        );
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    private sealed record Problem(string Type, string Title, int Status, string Detail, string Code, string Next);
}
