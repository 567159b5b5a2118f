using System.Security.Cryptography;
using System.Text;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What two replicas compare of one entity: first the events that they hold, then what they made of
/// them.</summary>
/// <param name="Entity">The entity.</param>
/// <param name="Vector">How many events of each origin there are. Two replicas with equal vectors and different
/// <paramref name="Events"/> hold a fork.</param>
/// <param name="Events">Digest of its event set.</param>
/// <param name="State">SHA-256 over type, id, schema version and canonical state, lower-case hex; empty when it
/// cannot be folded here.</param>
public sealed record EntityDigest(EntityKey Entity, VersionVector Vector, SetDigest Events, string State)
{
    /// <summary>Schema version of the state: states of different versions are not compared.</summary>
    public int StateVersion { get; init; }

    /// <summary>False when there were too many events to read them all: then only the vector was looked at.</summary>
    public bool HasEvents { get; init; } = true;

    /// <summary>The digest of an entity.</summary>
    /// <param name="rows">Every event of it, in any order.</param>
    /// <param name="state">Canonical state, or null when it cannot be folded here.</param>
    public static EntityDigest Of(EntityKey entity, IEnumerable<EventRecord> rows, int stateVersion, byte[]? state)
    {
        var events = default(SetDigest);
        var counts = new SortedDictionary<Origin, ulong>();
        foreach (var e in rows)
        {
            events = events.Add(EventDigest.Of(e));
            counts[e.Origin] = Math.Max(counts.GetValueOrDefault(e.Origin), e.Sequence);
        }
        var vector = VersionVector.From(counts.Select(c => new VersionVector.Slot(c.Key, c.Value)));
        return new EntityDigest(entity, vector, events, state is null ? "" : Hash(entity, stateVersion, state))
        {
            StateVersion = stateVersion,
        };
    }

    /// <summary>The digest of an entity as it was read from its first event on; what a checkpoint stands for counts as
    /// it would if its rows were there.</summary>
    public static EntityDigest Of(EntityImage history, int stateVersion, byte[]? state)
    {
        if (history.Checkpoint is not { } stored
            || !CheckpointCodec.TryRead(history.Entity, stored.Content.Span, out var content))
            return Of(history.Entity, EntityRegions.EventsOf(history), stateVersion, state);
        var later = Of(history.Entity, EntityRegions.EventsOf(history)
            .Where(e => e.Sequence > content.Vector[e.Origin]), stateVersion, state);
        var vector = later.Vector.Aggregate(content.Vector, (all, slot) => all.With(slot.Origin, slot.Count));
        return later with { Vector = vector, Events = content.Events.Add(later.Events) };
    }

    /// <summary>The entity's own filter, as its rows say; null while it never had one.</summary>
    public static EntityFilter? RegionsOf(EntityImage history) => EntityRegions.RuleOf(history);

    /// <summary>An entity's events, each once: what fills a placeholder stands for it.</summary>
    public static IEnumerable<EventRecord> EventsOf(EntityImage history) => EntityRegions.EventsOf(history);

    /// <summary>The events that a checkpoint stands for; none when there is no checkpoint.</summary>
    public static VersionVector Compacted(EntityImage image) => image.Checkpoint is { } stored
        && CheckpointCodec.TryRead(image.Entity, stored.Content.Span, out var content) ? content.Vector
        : VersionVector.Empty;

    private static string Hash(EntityKey entity, int stateVersion, byte[] state)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{entity.Type}\0{entity.Id}\0{stateVersion}\0"));
        hash.AppendData(state);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>What two replicas compare of one slice.</summary>
/// <param name="Slice">0–1023.</param>
/// <param name="Entities">Entities in it.</param>
/// <param name="Events">All their events.</param>
/// <param name="States">All their states.</param>
public sealed record SliceDigest(int Slice, long Entities, SetDigest Events, SetDigest States)
{
    /// <summary>A slice without entities.</summary>
    public static SliceDigest Empty(int slice) => new(slice, 0, default, default);

    /// <summary>The slice with one more entity.</summary>
    public SliceDigest Add(EntityDigest entity) => this with
    {
        Entities = Entities + 1,
        Events = Events.Add(entity.Events),
        States = States.Add(SHA256.HashData(Encoding.UTF8.GetBytes(entity.State + entity.Entity))),
    };
}
