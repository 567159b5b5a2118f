using System.Globalization;
using System.Text.Json.Serialization;
using Pelago.Client;

namespace Pelago.Cli;

/// <summary>What makes an entity differ between regions.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DifferenceKind>))]
internal enum DifferenceKind
{
    /// <summary>Two different events under one name. Never mends itself.</summary>
    Fork,

    /// <summary>A region lacks events that another holds. Mends itself as long as they reach each other.</summary>
    Behind,

    /// <summary>The same events and another state.</summary>
    State,

    /// <summary>A region cannot show the state: the entity is parked there.</summary>
    Unreadable,

    /// <summary>It changed while it was compared.</summary>
    Changing,
}

/// <summary>One entity that regions hold differently.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Detail">Which region has what: a clause.</param>
internal sealed record EntityDifference(string Type, string Id, DifferenceKind Kind, string Detail)
{
    /// <summary>Of a fork: origin of the first event that there are two of.</summary>
    public string? Origin { get; init; }

    /// <summary>Of a fork: its number.</summary>
    public ulong? Sequence { get; init; }

    /// <summary>Of a fork: regions that have quarantined the entity now.</summary>
    public IReadOnlyList<string> QuarantinedIn { get; init; } = [];

    /// <summary>Entities of a slice that are not the same in all regions, by type and id.</summary>
    public static IReadOnlyList<(string Type, string Id)> Differing(IReadOnlyList<SliceEntitiesView> regions)
    {
        var counts = regions.SelectMany(r => r.Entities)
            .GroupBy(e => (e.Type, e.Id, e.EventsHash, e.StateHash))
            .GroupBy(g => (g.Key.Type, g.Key.Id), g => g.Count());
        return [.. counts.Where(c => c.First() != regions.Count).Select(c => c.Key)
            .OrderBy(k => k.Type, StringComparer.Ordinal).ThenBy(k => k.Id, StringComparer.Ordinal)];
    }

    /// <summary>Tells what it is, most serious first; null when it does not differ any more.</summary>
    /// <param name="digests">By region; null where the entity is unknown.</param>
    /// <param name="events">All its events, by region.</param>
    public static EntityDifference? Of(
        string type, string id, IReadOnlyDictionary<string, EntityDigestView?> digests,
        IReadOnlyList<EventDigestsView> events)
    {
        if (ForkOf(events) is var (origin, sequence, detail))
            return new EntityDifference(type, id, DifferenceKind.Fork, detail) { Origin = origin, Sequence = sequence };
        // What a region cannot read it does not lack: waiting for its peers would not mend that.
        var unread = events.Where(e => e.IsDamaged).Select(e => e.Region).ToList();
        if (unread.Count > 0)
            return Unread(type, id, unread);
        if (Behind(events) is { } behind)
            return new EntityDifference(type, id, DifferenceKind.Behind, behind);
        if (digests.Values.Select(d => d?.EventsHash).Distinct().Count() > 1
            && events.Any(e => e.Origins.Values.Any(o => o.Any(h => h.Length == 0))))
        {
            return new EntityDifference(type, id, DifferenceKind.Fork, "regions hold as many events and not the same, "
                + "and which ones cannot be told: rows are gone. It may also have changed while it was compared");
        }
        if (digests.Values.Select(d => d?.EventsHash).Distinct().Count() > 1)
            return new EntityDifference(type, id, DifferenceKind.Changing, "it changed while it was compared");
        var states = digests.GroupBy(d => d.Value?.StateHash ?? "", d => d.Key, StringComparer.Ordinal).ToList();
        if (states.FirstOrDefault(s => s.Key.Length == 0) is { } blind)
            return Unread(type, id, blind);
        return states.Count < 2 ? null : new EntityDifference(type, id, DifferenceKind.State,
            $"the same events give one state in {And(states[0])} and another in "
            + $"{And(states.Skip(1).SelectMany(s => s))}: "
            + "the regions run different programs, or a handler depends on more than its events");
    }

    private static EntityDifference Unread(string type, string id, IEnumerable<string> regions)
        => new(type, id, DifferenceKind.Unreadable, $"{And(regions)} cannot show it: 'pelago doctor' says why");

    // The first event, by origin and number, that two regions hold differently.
    private static (string Origin, ulong Sequence, string Detail)? ForkOf(IReadOnlyList<EventDigestsView> regions)
    {
        foreach (var origin in regions.SelectMany(r => r.Origins.Keys).Distinct().Order(StringComparer.Ordinal))
        {
            var holders = regions.Where(r => r.Origins.ContainsKey(origin)).ToList();
            var longest = holders.Max(h => h.Origins[origin].Count);
            for (var i = 0; i < longest; i++)
            {
                var versions = holders.Where(h => h.Origins[origin].Count > i && h.Origins[origin][i].Length > 0)
                    .GroupBy(h => h.Origins[origin][i], h => h.Region, StringComparer.Ordinal).ToList();
                if (versions.Count > 1)
                    return (origin, (ulong)i + 1, string.Create(CultureInfo.InvariantCulture,
                        $"of event {i + 1} of {origin}, {string.Join(", ", versions.Select((v, n)
                            => $"{And(v)} {(v.Count() == 1 ? "has" : "have")} {(n == 0 ? "one" : "another")}"))}"));
            }
        }
        return null;
    }

    private static string? Behind(IReadOnlyList<EventDigestsView> regions)
    {
        var most = regions.SelectMany(r => r.Origins).GroupBy(o => o.Key, o => o.Value.Count, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.Max());
        var lacking = regions.Select(r => (r.Region,
            Lacks: most.Sum(m => m.Value - (r.Origins.TryGetValue(m.Key, out var held) ? held.Count : 0))))
            .Where(r => r.Lacks > 0).ToList();
        return lacking.Count == 0 ? null : string.Join(", ", lacking.Select(l => string.Create(
            CultureInfo.InvariantCulture, $"{l.Region} lacks {l.Lacks} of its events")));
    }

    private static string And(IEnumerable<string> regions)
        => string.Join(" and ", regions.Order(StringComparer.Ordinal));
}
