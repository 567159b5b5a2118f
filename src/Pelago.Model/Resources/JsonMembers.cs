using System.Text;
using System.Text.Json;

namespace Pelago.Model;

/// <summary>Looks through the members of a JSON document that a parser took: which of two members of one name counts
/// differs from reader to reader (RFC 8259, section 4), so neither does. The parser can refuse them itself, but does
/// not say where they are.</summary>
public static class JsonMembers
{
    private const int MostShown = 120;

    /// <summary>What is wrong with the names of the document's members, as the end of a sentence that begins with what
    /// holds it: "gives the member 'spec.replicas' twice"; null when nothing is.</summary>
    /// <param name="element">The document; its depth bounds the recursion.</param>
    public static string? Check(JsonElement element) => Check(element, "");

    private static string? Check(JsonElement element, string path) => element.ValueKind switch
    {
        JsonValueKind.Object => CheckMembers(element, path),
        JsonValueKind.Array => element.EnumerateArray()
            .Select((item, index) => Check(item, $"{path}[{index}]")).FirstOrDefault(rule => rule is not null),
        _ => null,
    };

    private static string? CheckMembers(JsonElement element, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            if (NameOf(member, out var broken) is not { } name)
                return $"has a member whose name {broken}";
            var at = path.Length == 0 ? name : $"{path}.{name}";
            if (!names.Add(name))
                return $"gives the member '{Shown(at)}' twice";
            if (Check(member.Value, at) is { } rule)
                return rule;
        }
        return null;
    }

    /// <summary>The rule that a text breaks which cannot be read: its bytes are no UTF-8, or they escape a surrogate
    /// without its other half.</summary>
    public static string BrokenText(InvalidOperationException error)
        => error.InnerException is DecoderFallbackException ? "is not valid UTF-8" : "holds an unpaired surrogate";

    private static string? NameOf(JsonProperty member, out string broken)
    {
        broken = "";
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException e)
        {
            broken = BrokenText(e);
            return null;
        }
    }

    private static string Shown(string path)
        => string.Concat((path.Length <= MostShown ? path : path[..MostShown] + "…")
            .Select(c => char.IsControl(c) ? '?' : c));
}
