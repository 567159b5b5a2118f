using System.Globalization;
using System.Text.Json;
using Pelago.Model;

namespace Pelago.Client;

/// <summary>Reads what an API answered instead of a success: problem details, a Kubernetes Status, or anything at
/// all.</summary>
internal static class ApiFailure
{
    private const int MaxBytes = 256 * 1024;
    private const int MostCauses = 20;

    public static async Task<Failure> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxBytes, cancellationToken).ConfigureAwait(false);
            using var document = await JsonDocument.ParseAsync(
                await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false),
                cancellationToken: cancellationToken).ConfigureAwait(false);
            return Problem(document.RootElement) ?? Status(document.RootElement) ?? Plain(status);
        }
        catch (Exception e) when (e is JsonException or HttpRequestException or InvalidOperationException)
        {
            return Plain(status);
        }
    }

    private static Failure? Problem(JsonElement root)
        => Text(root, "code") is { } code && ErrorCodes.All.TryGetValue(code, out var known)
            ? new Failure(known, Text(root, "detail") ?? known.Title, Text(root, "next") ?? "", Text(root, "field"))
            : null;

    private static Failure? Status(JsonElement root)
    {
        if (Text(root, "kind") != "Status" || Text(root, "message") is not { } message)
            return null;
        var colon = message.IndexOf(": ", StringComparison.Ordinal);
        if (colon < 0 || !ErrorCodes.All.TryGetValue(message[..colon], out var known))
            return null;
        var causes = root.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Object
            && details.TryGetProperty("causes", out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Take(MostCauses).Select(c => Text(c, "message")).OfType<string>().ToArray()
            : [];
        return new Failure(known, message[(colon + 2)..], causes.Length > 1 ? string.Join(' ', causes) : "");
    }

    private static Failure Plain(int status)
        => new(status is 401 or 403 ? ErrorCodes.NotSignedIn : ErrorCodes.Unexpected,
            string.Create(CultureInfo.InvariantCulture, $"The server answered with status {status}."),
            "Look into the log of the role that answered.");

    private static string? Text(JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
