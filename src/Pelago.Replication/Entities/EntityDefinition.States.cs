using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pelago.Replication;

// What a state is kept as when the events that made it are not kept.
public sealed partial class EntityDefinition<TState>
{
    private readonly Dictionary<int, UpcastPayload> stateSteps = [];
    private bool compacts;
    private bool isNeverDeleted;

    /// <summary>Rows of events that are final in every region may be removed: in their place the state after them is
    /// kept, with what tells which events these were. Saves space, and costs the events' history.</summary>
    /// <remarks>A region whose process did not stop cleanly writes to entities of such a type only after it has spoken
    /// with another region: what it may have lost, the others may have removed. When <see cref="State"/> gets a new
    /// version, older states have to be readable: see <see cref="UpcastState"/>.</remarks>
    public EntityDefinition<TState> Compact()
    {
        compacts = true;
        return this;
    }

    /// <summary>For types of Pelago's own: a deletion that somebody writes all the same is refused by the
    /// fold.</summary>
    internal EntityDefinition<TState> NeverDeleted()
    {
        isNeverDeleted = true;
        return this;
    }

    /// <summary>How a state of an older version becomes one of the next version, as JSON. For types that
    /// <see cref="Compact"/>: their states cannot be folded again from events.</summary>
    /// <param name="fromVersion">The version that is read; the result is of the next one.</param>
    /// <param name="change">May change what it is given. Pure: the same state gives the same result for ever.</param>
    public EntityDefinition<TState> UpcastState(int fromVersion, Func<JsonObject, JsonObject> change)
    {
        if (!stateSteps.TryAdd(fromVersion, state => UpcasterChain.Write(change(
            JsonNode.Parse(state)?.AsObject() ?? throw new JsonException("State is JSON null.")))))
            mistakes.Add($"the state has two upcasters from version {fromVersion}");
        return this;
    }

    private IEnumerable<string> MistakesOfCompaction()
    {
        if (compacts && effects.Count > 0)
            yield return "effects need the rows of final events, and Compact() lets them go: use one of the two";
        if (compacts && mode.IsLocal)
            yield return "Compact() is for replicated types: the rows of a local one are what it can be opened with";
        for (var version = 1; compacts && version < stateVersion; version++)
        {
            if (!stateSteps.ContainsKey(version))
            {
                yield return $"state version {version} cannot be read any more, and Compact() may have left nothing "
                    + $"else of an entity: add UpcastState({version}, …)";
            }
        }
        foreach (var from in stateSteps.Keys.Where(v => v < 1 || v >= stateVersion).Order())
            yield return $"the upcaster of the state from version {from} leads beyond version {stateVersion}";
    }
}
