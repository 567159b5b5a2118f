using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>Events of an entity that has a filter of its own.</summary>
internal static class RegionEvents
{
    /// <summary>A frame with each kind of them.</summary>
    public static EventsFrame Sent => new(Events.Entity.Lane, Events.A,
        [Change(Events.A, 1, "a"), Kept(Events.A, 2, "a"), Kept(Events.A, 3, "a").Withheld()], 3);

    public static EntityFilter Only(params string[] regions) => EntityFilter.InEpoch(1).Only(regions);

    /// <summary>The event that sets the filter.</summary>
    public static EventRecord Change(Origin origin, ulong sequence, params string[] regions)
        => Of(origin, sequence, RegionsChange.PayloadName, "", Only(regions));

    /// <summary>One that was written under it.</summary>
    public static EventRecord Kept(Origin origin, ulong sequence, params string[] regions)
        => Of(origin, sequence, "word", "hidden", Only(regions));

    private static EventRecord Of(Origin origin, ulong sequence, string name, string text, EntityFilter rule) => new()
    {
        Entity = Events.Entity, Origin = origin, Sequence = sequence,
        Vector = VersionVector.Empty.With(origin, sequence), Timestamp = HybridTimestamp.At(5 + (long)sequence),
        PayloadName = name, Payload = Encoding.UTF8.GetBytes(text), OriginPosition = sequence, Regions = rule,
    };
}
