using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Pelago.Model;

namespace Pelago.Api;

/// <summary>Reads a request's JSON: bounded, strict, one value; members given twice are refused (readers differ in
/// which of them they take).</summary>
public static class JsonBody
{
    /// <summary>Largest body of a call that carries a document, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int MaxDepth = 32;
    private const string OneDocument = "Send one JSON document in UTF-8 without duplicate members.";

    /// <summary>Reads a document.</summary>
    /// <returns>The document, which the caller disposes, or the failure.</returns>
    public static async ValueTask<(JsonDocument? Document, Failure? Failure)> ReadAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBytes)
            return (null, TooLarge);
        try
        {
            using var content = new MemoryStream();
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await request.Body.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (content.Length + read > MaxBytes)
                    return (null, TooLarge);
                await content.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
            var document = JsonDocument.Parse(
                content.GetBuffer().AsMemory(0, (int)content.Length), new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (JsonMembers.Check(document.RootElement) is not { } wrong)
                return (document, null);
            document.Dispose();
            return (null, new Failure(ErrorCodes.MalformedBody, $"The body {wrong}.", OneDocument));
        }
        catch (JsonException e)
        {
            return (null, Malformed($"line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}"));
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return (null, TooLarge);
        }
    }

    /// <summary>Reads a record.</summary>
    public static async ValueTask<(T? Value, Failure? Failure)> ReadAsync<T>(
        HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var (document, failure) = await ReadAsync(request, cancellationToken);
        if (document is null)
            return (null, failure);
        using (document)
        {
            try
            {
                return document.Deserialize(type) is { } value ? (value, null)
                    : (null, Malformed("the document is null"));
            }
            catch (JsonException e)
            {
                return (null, Malformed($"at '{e.Path ?? "$"}'"));
            }
        }
    }

    private static Failure TooLarge { get; }
        = new(ErrorCodes.BodyTooLarge, $"The body is larger than {MaxBytes} bytes.", "Send a smaller document.");

    private static Failure Malformed(string where)
        => new(ErrorCodes.MalformedBody, $"The body is not the JSON that is expected here ({where}).",
            OneDocument);
}
