using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Pelago.Model;

namespace Pelago.Api;

/// <summary>Problem details (RFC 9457) with Pelago's extension members.</summary>
/// <param name="Type">Stable name of the problem.</param>
/// <param name="Title">Title of the code.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Detail">What went wrong, one sentence.</param>
/// <param name="Code">Registered code.</param>
/// <param name="Next">What to do about it; null when there is nothing to say.</param>
/// <param name="Field">Path of the offending field, or null.</param>
/// <param name="Errors">Every failure when there are several, else null.</param>
public sealed record ProblemDocument(
    string Type, string Title, int Status, string Detail, string Code, string? Next, string? Field,
    IReadOnlyList<ProblemError>? Errors);

/// <summary>One of several failures.</summary>
public sealed record ProblemError(string Code, string Detail, string? Next, string? Field);

/// <summary>How problems are written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProblemDocument))]
public sealed partial class ProblemJson : JsonSerializerContext;

/// <summary>Answers requests that failed.</summary>
public static class Problems
{
    /// <summary>Media type of problem details.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>Answers with one failure or several; the first gives the status.</summary>
    /// <exception cref="ArgumentException">There is no failure.</exception>
    public static async Task WriteAsync(HttpContext context, params IReadOnlyList<Failure> failures)
    {
        if (failures.Count == 0)
            throw new ArgumentException("A problem needs a failure.", nameof(failures));
        if (context.Response.HasStarted)
        {
            context.Abort(); // what was sent already cannot be taken back; the client must not take it for complete
            return;
        }
        var first = failures[0];
        context.Response.Clear();
        context.Response.StatusCode = first.Error.HttpStatus;
        if (first.Error.HttpStatus == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        var document = new ProblemDocument(
            $"urn:pelago:error:{first.Error.Code}", first.Error.Title, first.Error.HttpStatus, first.Message,
            first.Error.Code, NullIfEmpty(first.Next), first.Field,
            failures.Count == 1 ? null
            : [.. failures.Select(f => new ProblemError(f.Error.Code, f.Message, NullIfEmpty(f.Next), f.Field))]);
        await context.Response.WriteAsJsonAsync(document, ProblemJson.Default.ProblemDocument, MediaType,
            context.RequestAborted);
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
