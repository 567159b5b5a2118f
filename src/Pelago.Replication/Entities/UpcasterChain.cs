using System.Text;
using System.Text.Json.Nodes;

namespace Pelago.Replication;

internal delegate byte[] UpcastPayload(ReadOnlySpan<byte> payload);

/// <summary>The steps by which payloads of older versions become payloads of a version that has a handler.</summary>
internal sealed class UpcasterChain
{
    private readonly Dictionary<(string Name, int From), UpcastPayload> steps = [];
    private readonly List<string> mistakes = [];

    public void Add(string name, int from, UpcastPayload step)
    {
        if (!steps.TryAdd((name, from), step))
            mistakes.Add($"event '{name}' has two upcasters from version {from}");
    }

    /// <summary>Everything that is wrong with the steps, given the events that have handlers.</summary>
    public IEnumerable<string> Mistakes(IReadOnlyCollection<(string Name, int Version)> handled)
    {
        foreach (var mistake in mistakes)
            yield return mistake;
        foreach (var (name, from) in steps.Keys.Order())
        {
            if (!handled.Any(h => h.Name == name))
                yield return $"there is an upcaster for event '{name}', and no such event";
            else if (handled.Contains((name, from)))
                yield return $"event '{name}' version {from} has a handler, and an upcaster away from it";
            else if (from < 1 || !handled.Any(h => h.Name == name && h.Version > from))
                yield return $"the upcaster of event '{name}' from version {from} leads to no version with a handler";
        }
        foreach (var group in handled.GroupBy(h => h.Name))
        {
            for (var version = 1; version < group.Max(h => h.Version); version++)
            {
                if (!handled.Contains((group.Key, version)) && !steps.ContainsKey((group.Key, version)))
                {
                    yield return $"event '{group.Key}' version {version} cannot be read any more: "
                        + $"add an upcaster from it to version {version + 1}";
                }
            }
        }
    }

    /// <summary>The payload as the next version that has a handler reads it; null when no steps lead there.</summary>
    public object? Decode(
        IReadOnlyDictionary<(string Name, int Version), EventDefinition> handled, string name, int version,
        ReadOnlySpan<byte> payload)
    {
        while (steps.TryGetValue((name, version), out var step))
        {
            payload = step(payload);
            version++;
            if (handled.TryGetValue((name, version), out var e))
                return e.Decode(payload);
        }
        return null;
    }

    public static byte[] Write(JsonObject payload) => Encoding.UTF8.GetBytes(payload.ToJsonString());
}
