using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

// Rows of an entity with their places, for whoever removes them.
internal sealed partial class EntityLoader
{
    /// <summary>An entity's rows after a local sequence, with its checkpoint.</summary>
    public EntityRows Rows(EntityKey key, ulong after, int max)
    {
        EntityCheckpoint? stored = null;
        Failure? damage = null;
        var found = new List<LaneRow>();
        try
        {
            if (entities.Find(key) is not { } entry)
                return new EntityRows(key, []);
            var unindexed = recent.OfEntity(entry.Number);
            using (transactions.Begin())
            {
                damage = ReadCheckpoint(key, entry.Number, out stored);
                damage ??= ReadRows(key, entry.Number, Math.Max(after, stored?.Through ?? 0), unindexed, max,
                    (place, row) => found.Add(new LaneRow(rows.PlaceOf(place), row)));
            }
        }
        catch (StoreException e) when (e.IsDamage)
        {
            damage = Damage.Of(e);
        }
        catch (StoreException e)
        {
            throw Damage.Of(e).ToException(e);
        }
        if (found.FindIndex(r => r.Position == 0) is >= 0 and var unplaced)
            damage ??= Damage.Failure($"row {found[unplaced].Row.LocalSequence} of {key} is not in its place");
        return new EntityRows(key, found) { Checkpoint = stored, Damage = damage };
    }

    private Failure? ReadCheckpoint(EntityKey key, long entity, out EntityCheckpoint? stored)
    {
        stored = null;
        checkpoint.Bind(1, entity);
        try
        {
            if (!checkpoint.Step())
                return null;
            stored = SideSealer.OpenCheckpoint(opener, key, entity, checkpoint.Long(0), checkpoint.Long(1),
                checkpoint.Long(2), checkpoint.Long(3), checkpoint.Blob(4));
            return stored is null ? Damage.Failure($"the checkpoint of {key} is damaged or was altered") : null;
        }
        finally
        {
            checkpoint.Reset();
        }
    }
}
