using System.Text.Json;

namespace Pelago.Model;

/// <summary>Reads one JSON object strictly: every error is collected with its field path, so that a user mends all of
/// them at once; unknown members are errors that name the nearest known one.</summary>
internal sealed class FieldReader
{
    private readonly JsonElement element;
    private readonly string path;
    private readonly List<Failure> failures;

    public FieldReader(JsonElement element, string path, List<Failure> failures, params string[] known)
    {
        this.element = element;
        this.path = path;
        this.failures = failures;
        if (element.ValueKind != JsonValueKind.Object)
        {
            Fail(path, "must be an object");
            return;
        }
        foreach (var member in element.EnumerateObject().Where(m => !known.AsSpan().Contains(m.Name)))
        {
            var nearest = NearestName.Find(member.Name, known);
            failures.Add(new Failure(ErrorCodes.UnknownField,
                $"The field '{Shown(At(member.Name))}' does not exist.",
                nearest is null ? $"Known fields: {string.Join(", ", known)}." : $"Did you mean '{At(nearest)}'?",
                Shown(At(member.Name))));
        }
    }

    /// <summary>Path of a member of this object.</summary>
    public string At(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>Notes a broken rule.</summary>
    public void Fail(string field, string rule, string next = "")
        => failures.Add(new Failure(ErrorCodes.InvalidField,
            field.Length == 0 ? $"The document {rule}." : $"The field '{field}' {rule}.", next, field));

    /// <summary>Notes a failure of a check that does not know where its value stands.</summary>
    public void Fail(string name, Failure failure) => failures.Add(failure with { Field = At(name) });

    public JsonElement? Member(string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name, bool required = false)
    {
        if (Member(name) is not { } value)
        {
            if (required)
                Fail(At(name), "is required");
            return null;
        }
        return TextOf(value, At(name));
    }

    public bool Flag(string name, bool otherwise)
    {
        if (Member(name) is not { } value)
            return otherwise;
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        Fail(At(name), "must be true or false");
        return otherwise;
    }

    public int Number(string name, int otherwise, int least, int most, string why)
    {
        if (Member(name) is not { } value)
            return otherwise;
        if (
            value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out var number)
            && number >= least
            && number <= most
        )
            return number;
        Fail(At(name), least == most ? $"must be {least}" : $"must be a whole number from {least} to {most}", why);
        return otherwise;
    }

    /// <summary>A map of strings; each entry passes the check or is noted with the rule that the check
    /// returns.</summary>
    public SortedDictionary<string, string> Map(string name, int mostEntries, Func<string, string, string?> broken)
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (Member(name) is not { } value)
            return map;
        if (value.ValueKind != JsonValueKind.Object)
        {
            Fail(At(name), "must be an object of strings");
            return map;
        }
        foreach (var entry in value.EnumerateObject())
        {
            var at = Shown($"{At(name)}.{entry.Name}");
            if (TextOf(entry.Value, at) is { } text)
            {
                if (broken(entry.Name, text) is { } rule)
                    Fail(at, rule);
                else
                    map[entry.Name] = text;
            }
            if (map.Count <= mostEntries)
                continue;
            Fail(At(name), $"holds more than {mostEntries} entries");
            break;
        }
        return map;
    }

    private string? TextOf(JsonElement value, string at)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Fail(at, "must be a string");
            return null;
        }
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException e)
        {
            Fail(at, JsonMembers.BrokenText(e));
            return null;
        }
    }

    private static string Shown(string text)
        => string.Concat((text.Length <= 120 ? text : text[..120] + "…").Select(c => char.IsControl(c) ? '?' : c));
}
