using System.Collections.Immutable;

namespace Pelago.Replication;

// Idempotency keys: which batch counts.
public sealed partial class EntityFold
{
    /// <summary>The batch that counts for an idempotency key, or null when the key is unknown.</summary>
    public BatchId? OwnerOf(string key)
    {
        Advance();
        return keys.TryGetValue(key, out var owner) ? owner.Batch : null;
    }

    /// <summary>Whom the events of the batch that counts for an idempotency key are for, however long ago it was
    /// written; null for every region.</summary>
    public EntityFilter? RegionsOf(string key)
    {
        Advance();
        return keys.TryGetValue(key, out var owner) ? owner.Regions : null;
    }

    // A late event need not be folded in order if order does not matter to its type, and no other batch has its key.
    private bool CanFoldOutOfOrder(EventRecord e) => Parked is null && (e.IdempotencyKey.Length == 0
        || !keys.TryGetValue(e.IdempotencyKey, out var owner) || owner.Batch == BatchId.Of(e));

    // The first batch in the total order owns its key; a later one within the window is a duplicate of it.
    private static ImmutableDictionary<string, KeyOwner> Claim(
        ImmutableDictionary<string, KeyOwner> owners, EventRecord e, out bool duplicate)
    {
        duplicate = false;
        if (e.IdempotencyKey.Length == 0)
            return owners;
        var batch = BatchId.Of(e);
        if (owners.TryGetValue(e.IdempotencyKey, out var owner))
        {
            if (owner.Batch == batch)
                return owners;
            duplicate = e.Timestamp.Milliseconds - owner.At.Milliseconds <= EventLimits.IdempotencyWindowMilliseconds;
        }
        return duplicate ? owners : owners.SetItem(e.IdempotencyKey, new KeyOwner(batch, e.Timestamp, e.Regions));
    }

    // Nothing that can still be folded lies before the end of the base, so older keys can match nothing any more.
    private void ForgetOldKeys()
    {
        if (baseKeys.Count < 64 + 2 * keptKeys)
            return;
        var oldest = baseLast!.Value.Timestamp.Milliseconds - EventLimits.IdempotencyWindowMilliseconds;
        baseKeys = baseKeys.RemoveRange(baseKeys.Where(k => k.Value.At.Milliseconds < oldest).Select(k => k.Key));
        keptKeys = baseKeys.Count;
    }
}
