using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>Writes failures as problem details (RFC 9457) with the registered code.</summary>
internal static class Problems
{
    /// <summary>Answers with one failure or several of one request. Does nothing when the response has begun.</summary>
    public static Task WriteAsync(HttpContext context, params IReadOnlyList<Failure> failures)
    {
        if (context.Response.HasStarted)
            return Task.CompletedTask;
        var first = failures[0];
        context.Response.StatusCode = first.Error.HttpStatus;
        var body = new ProblemBody(
            $"urn:pelago:error:{first.Error.Code}", first.Error.Title, first.Error.HttpStatus,
            failures.Count == 1 ? first.Message : string.Join(' ', failures.Select(f => f.Message)),
            first.Error.Code, first.Next.Length == 0 ? null : first.Next, first.Field,
            [.. failures.Where(f => f.Field is not null).Select(f => new FieldError(
                f.Field!, f.Error.Code, f.Message, f.Next.Length == 0 ? null : f.Next))]);
        return context.Response.WriteAsJsonAsync(
            body, ProblemJson.Default.ProblemBody, "application/problem+json", context.RequestAborted);
    }
}

/// <summary>Problem details with the members that Pelago adds: code, next step, field, and every field error.</summary>
internal sealed record ProblemBody(
    string Type, string Title, int Status, string Detail, string Code, string? Next, string? Field,
    IReadOnlyList<FieldError> Errors);

/// <summary>One field that breaks its rule.</summary>
internal sealed record FieldError(string Field, string Code, string Message, string? Next);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class ProblemJson : JsonSerializerContext;
