using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Entities of the open group: gives numbers, and counts rows, which is the second fence. Used by the writer's
/// thread only.</summary>
internal sealed class EntityWriter
{
    private readonly EntityRegistry registry;
    private readonly EntityCache cache;
    private readonly Sealer sealer;
    private readonly RecentRows recent;
    private readonly RecentEntities recentEntities;
    private readonly EntityRuns index;
    private readonly Statement insert, lastRow;
    private readonly Dictionary<EntityKey, EntityEntry> unknown = [];
    private readonly List<EntityEntry> given = [], touched = [];
    private long lastNumber;

    public EntityWriter(WriterParts parts, EntityRegistry registry, int runEntities)
    {
        (cache, sealer, recent, recentEntities) = (parts.Cache, parts.Sealer, parts.Recent, parts.RecentEntities);
        this.registry = registry;
        var database = parts.Database;
        index = new EntityRuns(database, recentEntities, runEntities);
        insert = database.Prepare("INSERT INTO entity VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        lastRow = database.Prepare(
            "SELECT max(coalesce((SELECT max(local_sequence) FROM entity_row WHERE entity = ?1), 0), "
            + "coalesce((SELECT through FROM checkpoint WHERE entity = ?1), 0))");
        lastNumber = database.Number("SELECT max(number) FROM entity");
    }

    /// <summary>Takes the next row of an entity into account.</summary>
    /// <returns>Null when the row does not follow the last one: somebody else has appended to the entity.</returns>
    public EntityEntry? Follow(EntityKey key, ulong localSequence)
    {
        var entry = Find(key);
        if (!entry.Counted)
            entry.Count(entry.Number == 0 ? 0 : LastRow(entry.Number));
        if (localSequence != entry.Last + 1)
            return null;
        entry.Last++;
        touched.Add(entry);
        return entry;
    }

    /// <summary>Takes back the last rows that <see cref="Follow"/> took into account.</summary>
    public void Unfollow(int rows)
    {
        for (; rows > 0; rows--)
        {
            touched[^1].Last--;
            touched.RemoveAt(touched.Count - 1);
        }
    }

    /// <summary>The number of an entity; a new one is inserted in the open transaction.</summary>
    public long NumberOf(EntityEntry entry, int lane)
    {
        if (entry.Number != 0)
            return entry.Number;
        entry.Number = ++lastNumber;
        given.Add(entry);
        EntityRegistry.BindRow(insert, sealer, entry, lane);
        insert.Run();
        return entry.Number;
    }

    /// <summary>The number of an entity that no row of the group need belong to.</summary>
    public long NumberOf(EntityKey key, int lane) => NumberOf(Find(key), lane);

    /// <summary>Writes a slice of the index in the open transaction.</summary>
    public void WriteSlice() => index.WriteSlice(given.Count);

    public void Commit()
    {
        index.Commit();
        foreach (var entry in given)
        {
            recentEntities.Add(entry.Hash, entry.Number);
            cache.Add(entry);
        }
        foreach (var entry in touched)
            entry.Commit();
        Clear();
    }

    /// <summary>After a rollback: numbers given in the group are never given again.</summary>
    public void Rollback()
    {
        index.Rollback();
        foreach (var entry in touched)
            entry.Rollback();
        Clear();
    }

    private void Clear()
    {
        given.Clear();
        touched.Clear();
        unknown.Clear();
    }

    private EntityEntry Find(EntityKey key)
    {
        if (unknown.Count > 0 && unknown.TryGetValue(key, out var entry))
            return entry;
        entry = registry.FindOrHash(key, out var hash);
        if (entry is null)
            unknown.Add(key, entry = new EntityEntry(key, 0) { Hash = hash });
        return entry;
    }

    private ulong LastRow(long entity)
    {
        var inMemory = recent.LastSequence(entity);
        if (inMemory > 0)
            return inMemory;
        lastRow.Bind(1, entity);
        try
        {
            return lastRow.Step() ? (ulong)lastRow.Long(0) : 0;
        }
        finally
        {
            lastRow.Reset();
        }
    }
}
