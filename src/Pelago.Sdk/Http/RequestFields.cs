using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>Reads a JSON object field by field and collects everything that is wrong with it.</summary>
/// <remarks>Binding a record stops at the first field of a wrong type. A caller who sends five wrong fields should
/// hear of five. Use: read every field, then call <see cref="ThrowIfInvalid"/>, then trust the values. Not
/// thread-safe.</remarks>
public sealed class RequestFields : IDisposable
{
    private const int MaxDepth = 16;
    private readonly JsonDocument document;
    private readonly List<Failure> failures = [];
    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    private RequestFields(JsonDocument document) => this.document = document;

    /// <summary>Parses the body of a request.</summary>
    /// <exception cref="PelagoException">PLG2003 or PLG2004: it is no JSON object, of another media type, or too large.
    /// </exception>
    public static async ValueTask<RequestFields> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw new Failure(ErrorCodes.UnsupportedMediaType, "The body is not declared as JSON.",
                "Send Content-Type: application/json.", "Content-Type").ToException();
        }
        // JSON between systems is UTF-8 (RFC 8259 section 8.1), and is read as that.
        if (context.Request.GetTypedHeaders().ContentType is { Charset: { HasValue: true } charset }
            && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            && !charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase))
        {
            throw new Failure(ErrorCodes.UnsupportedMediaType, "The body is declared in another charset than UTF-8.",
                "Send UTF-8 and Content-Type: application/json.", "Content-Type").ToException();
        }
        JsonDocument parsed;
        try
        {
            parsed = await JsonDocument.ParseAsync(
                context.Request.Body, new JsonDocumentOptions { MaxDepth = MaxDepth }, cancellationToken);
        }
        catch (JsonException e)
        {
            throw Malformed(string.Create(CultureInfo.InvariantCulture,
                $"The body is not valid JSON (line {e.LineNumber + 1 ?? 1}, byte {e.BytePositionInLine ?? 0})."));
        }
        var wrong = parsed.RootElement.ValueKind == JsonValueKind.Object
            ? JsonMembers.Check(parsed.RootElement) : "is JSON, but no object";
        if (wrong is null)
            return new RequestFields(parsed);
        parsed.Dispose();
        throw Malformed($"The body {wrong}.");
    }

    /// <summary>A required text field.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="minLength">Shortest, in characters (Unicode scalar values).</param>
    /// <param name="maxLength">Longest.</param>
    /// <returns>The text, or an empty one when it is wrong.</returns>
    public string Text(string name, int minLength, int maxLength)
        => TryField(name, JsonValueKind.String, "text", required: true, out var value)
            ? CheckText(name, value, minLength, maxLength) ?? "" : "";

    /// <summary>An optional text field; null when it is absent, null or wrong.</summary>
    public string? OptionalText(string name, int minLength, int maxLength)
        => TryField(name, JsonValueKind.String, "text", required: false, out var value)
            ? CheckText(name, value, minLength, maxLength) : null;

    /// <summary>A required whole number within bounds, both included.</summary>
    /// <returns>The number, or <paramref name="least"/> when it is wrong.</returns>
    public long Number(string name, long least, long most)
    {
        if (!TryField(name, JsonValueKind.Number, "a whole number", required: true, out var value))
            return least;
        if (value.TryGetInt64(out var number) && number >= least && number <= most)
            return number;
        var (below, above) = value.TryGetDouble(out var given) ? (given < least, given > most) : (false, false);
        Add(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}"),
            below || above
                ? string.Create(CultureInfo.InvariantCulture, $"Nearest allowed: {(above ? most : least)}.")
                : "Send it without a fraction or an exponent.");
        return least;
    }

    /// <summary>Notes something that is wrong with a field by a rule of the caller.</summary>
    /// <param name="rule">Continues "The field 'name' …".</param>
    public void Add(string name, string rule, string next)
        => failures.Add(
            new Failure(ErrorCodes.InvalidField, Sentence.End($"The field '{name}' {rule}"), next, name));

    /// <summary>Ends the reading: also refuses fields that nobody asked for.</summary>
    /// <exception cref="InvalidRequestException">Something is wrong.</exception>
    public void ThrowIfInvalid()
    {
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (known.Contains(property.Name))
                continue;
            failures.Add(new Failure(ErrorCodes.UnknownField, $"There is no field '{Shown(property.Name)}'.",
                $"Fields: {string.Join(", ", known.Order(StringComparer.Ordinal))}.", Shown(property.Name)));
        }
        if (failures.Count > 0)
            throw new InvalidRequestException(failures);
    }

    /// <inheritdoc />
    public void Dispose() => document.Dispose();

    private bool TryField(string name, JsonValueKind kind, string what, bool required, out JsonElement value)
    {
        known.Add(name);
        if (!document.RootElement.TryGetProperty(name, out value) || value.ValueKind == JsonValueKind.Null)
        {
            if (required)
                Add(name, "is missing", $"Send {what}.");
            return false;
        }
        if (value.ValueKind == kind)
            return true;
        Add(name, $"must be {what}", $"Send {what}.");
        return false;
    }

    private string? CheckText(string name, JsonElement value, int minLength, int maxLength)
    {
        string text;
        try
        {
            text = value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            Add(name, JsonMembers.BrokenText(e), "Send well-formed Unicode in UTF-8.");
            return null;
        }
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            length++;
            if (rune.Value == 0)
            {
                Add(name, "holds the character U+0000", "Leave it out.");
                return null;
            }
        }
        if (length >= minLength && length <= maxLength)
            return text;
        Add(name, string.Create(CultureInfo.InvariantCulture,
            $"is {length} characters long; {minLength} to {maxLength} are allowed"), length < minLength
                ? "Send a longer text." : "Shorten it.");
        return null;
    }

    private static string Shown(string name) => name.Length <= 64 ? name : name[..64] + "…";

    private static PelagoException Malformed(string message)
        => new Failure(ErrorCodes.MalformedBody, message, "Send one JSON object.").ToException();
}
