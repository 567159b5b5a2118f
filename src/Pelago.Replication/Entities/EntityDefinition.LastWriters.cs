using System.Text.Json.Serialization.Metadata;

namespace Pelago.Replication;

/// <summary>A last-writer-wins value in a state.</summary>
/// <param name="Name">Where it is, by names of the JSON form: <c>title</c>, <c>address.town</c>.</param>
/// <param name="At">The stamp of the write that it holds.</param>
public sealed record LastWriter(string Name, Func<object, Stamp> At);

/// <summary>Marks every <see cref="LwwRegister{T}"/>, so that a definition knows which its state has.</summary>
internal interface ILastWriter
{
    Stamp At { get; }
}

// Which last-writer-wins registers a state has: what they lose is noted.
public sealed partial class EntityDefinition<TState>
{
    private const int MaxDepth = 4;
    private const int MaxLastWriters = 256;

    // Members of the state, and of records in it. What is in a collection has no name by which regions could agree.
    private List<LastWriter> LastWriters()
    {
        var found = new List<LastWriter>();
        var open = new Stack<(JsonTypeInfo Type, string Path, int Depth, Func<object, object?> Get)>();
        if (stateJson is not null)
            open.Push((stateJson, "", 0, state => state));
        while (open.TryPop(out var owner))
        {
            foreach (var property in owner.Type.Properties)
            {
                if (property.Get is not { } read)
                    continue;
                var (path, type) = (owner.Path + property.Name,
                    Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType);
                object? Get(object state) => owner.Get(state) is { } holder ? read(holder) : null;
                if (type.IsAssignableTo(typeof(ILastWriter)))
                    found.Add(new LastWriter(path, state => Get(state) is ILastWriter value ? value.At : Stamp.None));
                else if (owner.Depth < MaxDepth && !type.IsAssignableTo(typeof(ISettling))
                    && stateJson!.Options.TryGetTypeInfo(type, out var json) && json.Kind == JsonTypeInfoKind.Object)
                    open.Push((json, path + ".", owner.Depth + 1, Get));
            }
        }
        if (found.Count > MaxLastWriters)
            mistakes.Add($"the state has {found.Count} last-writer-wins registers, more than {MaxLastWriters}");
        found.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return found;
    }
}
