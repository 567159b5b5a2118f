using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Which filters are in force: of each type the one of the highest epoch that the definitions of this build,
/// this journal or any peer named.</summary>
/// <remarks>Nothing is decided by a majority. Epochs grow; whoever hears of a higher one follows it, and tells it on
/// each link before anything that it leaves out, so that a receiver knows at least the one by which it was filtered.
/// Two rules of one epoch are a mistake of deployment: an alarm, and the same one of the two everywhere.</remarks>
internal sealed class TypeFilters
{
    private const int MaxTypes = 4_096;
    private readonly KernelContext context;
    private readonly IReadOnlyDictionary<string, IEntityType> declared;
    private readonly SortedDictionary<string, EntityFilter> inForce = new(StringComparer.Ordinal);
    private int applied;
    private volatile IReadOnlyDictionary<string, EntityFilter> published = new Dictionary<string, EntityFilter>();

    public TypeFilters(
        KernelContext context, IReadOnlyDictionary<string, IEntityType> declared, IReadOnlyList<LaneState> states)
    {
        (this.context, this.declared) = (context, declared);
        foreach (var note in states.SelectMany(s => s.Notes).Where(FilteredType.IsOne))
        {
            var type = FilteredType.Read(note);
            if (type.Filter.Epoch > Of(type.Name).Epoch)
                inForce[type.Name] = type.Filter;
        }
        _ = TakeDeclared();
    }

    /// <summary>Types were declared since: a test does that while it runs.</summary>
    public bool AreSomeNew => declared.Count != applied;

    /// <summary>Applies what definitions state.</summary>
    /// <returns>Types with another filter than before.</returns>
    public IReadOnlyList<string> TakeDeclared()
    {
        applied = declared.Count;
        string[] changed = [.. declared.Where(d => Apply(d.Key, d.Value.Filter)).Select(d => d.Key)];
        Publish();
        return changed;
    }

    /// <summary>No type has, or ever had, a filter.</summary>
    public bool AreNone => inForce.Count == 0;

    public IEnumerable<string> Types => inForce.Keys;

    /// <summary>All that are in force; may be read from any thread.</summary>
    public IReadOnlyDictionary<string, EntityFilter> Published => published;

    public EntityFilter Of(string type) => inForce.GetValueOrDefault(type, EntityFilter.None);

    /// <summary>Events of the type are for the region.</summary>
    public bool Admits(string type, string region) => inForce.Count == 0 || Of(type).Admits(region);

    /// <summary>Events of the type are for this region. Who runs alone, on a developer's machine for example, has
    /// all.</summary>
    public bool AdmitsHere(string type) => Admits(type, context.Options.Region) || context.IsAlone;

    /// <summary>All that are known, for a link that was just opened.</summary>
    public IEnumerable<FilterFrame> Known() => inForce.Select(f => new FilterFrame(f.Key, f.Value));

    /// <summary>Whether a peer may say that it left this out: under a rule that it told before, and, if that is still
    /// in force, one that leaves this region out. What it does not have itself, it may not have of any type that has a
    /// rule.</summary>
    /// <returns>What it did, or null.</returns>
    public string? Refuse(IReadOnlyList<LeftOut> leftOut)
    {
        foreach (var left in leftOut)
        {
            var known = Of(left.Type);
            if (left.Epoch == 0 || left.Epoch > known.Epoch)
                return $"left out entity type '{left.Type}' under epoch {left.Epoch} of a filter that it did not tell";
            if (!left.IsLacking && left.Epoch == known.Epoch && known.Admits(context.Options.Region))
                return $"left out entity type '{left.Type}', which epoch {left.Epoch} of its filter lets in here";
        }
        return null;
    }

    /// <summary>A peer knows this filter.</summary>
    /// <returns>True when another one is in force now.</returns>
    public bool Told(string peer, FilterFrame frame)
    {
        var (known, told) = (Of(frame.Type), frame.Filter);
        if (told.Epoch < known.Epoch || told.Equals(known))
            return false;
        if (told.Epoch == known.Epoch)
        {
            context.Alarm(AlarmKind.FiltersDiffer, $"{context.Options.Region} and {peer} know different filters of "
                + $"entity type '{frame.Type}' in epoch {known.Epoch}: '{known}' and '{told}'. State the one that is "
                + $"meant in epoch {known.Epoch + 1}.");
            if (string.CompareOrdinal(told.ToString(), known.ToString()) < 0)
                return false;
        }
        else if (known.Epoch == 0 && inForce.Count >= MaxTypes)
        {
            context.Alarm(AlarmKind.Protocol, $"More than {MaxTypes} types have a filter: that of '{frame.Type}' is "
                + "not noted.");
            return false;
        }
        inForce[frame.Type] = told;
        Publish();
        context.Hit(Probe.FilterTaken);
        return true;
    }

    private void Publish() => published = inForce.ToDictionary(StringComparer.Ordinal);

    // What is wrong with a rule is said when it is met, not at each start: members may leave later.
    private bool Apply(string type, EntityFilter stated)
    {
        var known = Of(type);
        if (stated.Epoch < known.Epoch || stated.Equals(known))
            return false;
        if (stated.Epoch == known.Epoch)
        {
            // The journal knows it from a peer, or from a build before: a region must still start, so it follows.
            context.Alarm(AlarmKind.FiltersDiffer, FilterChecks.Changed(type, known, stated));
            return false;
        }
        string[] members = [.. context.Members];
        // A region that joins does not know its group yet; one that runs alone has all that there is.
        if (context.Configuration.Epoch > 0 && !context.IsAlone && FilterChecks.Refuse(type, stated,
            [.. members, .. context.Configuration.Removed.Select(r => r.Region)], members) is { } refused)
            throw refused.ToException();
        inForce[type] = stated;
        return true;
    }
}

/// <summary>The filter of a type.</summary>
/// <param name="IsForThisRegion">Its events are for this region.</param>
/// <param name="LanesLacking">Lanes in which some of them are not here.</param>
public sealed record FilterDescription(string Type, EntityFilter Filter, bool IsForThisRegion, int LanesLacking);
