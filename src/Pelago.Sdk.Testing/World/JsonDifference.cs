using System.Text.Json;

namespace Pelago.Sdk.Testing;

/// <summary>Where two canonical JSON documents first differ, for a person to read.</summary>
internal static class JsonDifference
{
    /// <summary>The path of the first difference, and what is there in each; null when the documents are the
    /// same.</summary>
    public static (string Path, string First, string Second)? Find(byte[] first, byte[] second)
    {
        using var a = JsonDocument.Parse(first);
        using var b = JsonDocument.Parse(second);
        return Find(a.RootElement, b.RootElement, "");
    }

    private static (string, string, string)? Find(JsonElement? a, JsonElement? b, string path)
    {
        if (a is not { } first || b is not { } second || first.ValueKind != second.ValueKind)
            return (Name(path), Show(a), Show(b));
        switch (first.ValueKind)
        {
            case JsonValueKind.Object:
                var names = first.EnumerateObject().Concat(second.EnumerateObject()).Select(p => p.Name).Distinct();
                return names.Order(StringComparer.Ordinal).Select(name
                    => Find(Member(first, name), Member(second, name), path.Length == 0 ? name : $"{path}.{name}"))
                    .FirstOrDefault(found => found is not null);
            case JsonValueKind.Array:
                var (left, right) = (first.EnumerateArray().ToArray(), second.EnumerateArray().ToArray());
                return Enumerable.Range(0, Math.Max(left.Length, right.Length)).Select(i
                    => Find(At(left, i), At(right, i), $"{path}[{i}]")).FirstOrDefault(found => found is not null);
            default:
                return first.GetRawText() == second.GetRawText() ? null : (Name(path), Show(a), Show(b));
        }
    }

    private static JsonElement? Member(JsonElement from, string name)
        => from.TryGetProperty(name, out var value) ? value : null;

    private static JsonElement? At(JsonElement[] items, int index) => index < items.Length ? items[index] : null;

    private static string Name(string path) => path.Length == 0 ? "the whole" : path;

    private static string Show(JsonElement? value) => value?.GetRawText() ?? "nothing";
}
