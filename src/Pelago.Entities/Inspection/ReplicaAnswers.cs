using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Answers of a replica to whoever compares it with others: the same on an instance's management listener and
/// where a region answers for its own entities.</summary>
public static class ReplicaAnswers
{
    private const int MaxEventDigests = 200_000;

    /// <summary>Writes digests of one slice, or of all that hold something.</summary>
    public static async Task SlicesAsync(HttpContext context, EntityRuntime runtime, int? slice)
    {
        var digests = await new DigestScan(runtime).SlicesAsync(slice, context.RequestAborted);
        await WriteAsync(context, new SlicesBody(runtime.Region, [.. digests.Select(d => new SliceBody(
            d.Slice, d.Entities, d.Events.Count, d.Events.ToString(), d.States.ToString()))]),
                InspectionJson.Default.SlicesBody);
    }

    /// <summary>Writes digests of every entity of a slice.</summary>
    public static async Task EntitiesAsync(HttpContext context, EntityRuntime runtime, int slice)
    {
        var entities = new List<EntityBody>();
        await foreach (var e in new DigestScan(runtime).EntitiesAsync(slice % EntityKey.Lanes, slice,
            context.RequestAborted))
        {
            entities.Add(new EntityBody(e.Entity.Type, e.Entity.Id,
                e.Vector.ToDictionary(s => s.Origin.ToString(), s => s.Count), e.Events.Count, e.Events.ToString(),
                e.State));
        }
        entities.Sort((a, b) => string.CompareOrdinal(a.Type + '\0' + a.Id, b.Type + '\0' + b.Id));
        await WriteAsync(context, new EntitiesBody(runtime.Region, slice, entities),
            InspectionJson.Default.EntitiesBody);
    }

    /// <summary>Writes hashes of all events of an entity.</summary>
    public static async Task EventsAsync(HttpContext context, EntityRuntime runtime, EntityKey entity)
    {
        var image = await runtime.Journal.LoadHistoryAsync(entity, context.RequestAborted);
        var gone = EntityDigest.Compacted(image);
        var origins = image.Rows.Take(MaxEventDigests).Select(r => r.Event)
            .Where(e => e.Sequence > gone[e.Origin])
            .Select(e => (e.Origin, Hash: Convert.ToHexStringLower(EventDigest.Of(e).AsSpan(0, 8)), e.Sequence))
            .Concat(gone.SelectMany(s => Enumerable.Range(1, (int)Math.Min(s.Count, MaxEventDigests))
                .Select(sequence => (s.Origin, Hash: "", Sequence: (ulong)sequence))))
            .GroupBy(e => e.Origin.ToString(), StringComparer.Ordinal)
            .ToDictionary(g => g.Key, IReadOnlyList<string> (g) => [.. g.OrderBy(e => e.Sequence)
                .Select(e => e.Hash)]);
        await WriteAsync(context, new EventsBody(
            runtime.Region, origins, image.Damage is null && image.Rows.Count <= MaxEventDigests),
            InspectionJson.Default.EventsBody);
    }

    /// <summary>Writes a page of the conflict ledger.</summary>
    public static async Task ConflictsAsync(HttpContext context, EntityRuntime runtime, long after, int limit)
    {
        var page = await runtime.Journal.ReadConflictsAsync(after, limit, context.RequestAborted);
        await WriteAsync(context, new ConflictsBody(runtime.Region, page.Next, [.. page.Conflicts.Select(
            c => new ConflictBody(c.Entity.Type, c.Entity.Id, c.Kind.ToString(), c.Origin.ToString(), c.Sequence,
                DateTimeOffset.FromUnixTimeMilliseconds(c.RecordedAtMilliseconds), c.Reason))]),
            InspectionJson.Default.ConflictsBody);
    }

    private static Task WriteAsync<T>(HttpContext context, T body, JsonTypeInfo<T> json)
        => context.Response.WriteAsJsonAsync(body, json, cancellationToken: context.RequestAborted);
}
