using Pelago.Model;
using Pelago.Replication;
using Pelago.Replication.Stored;

namespace Pelago.Journal;

/// <summary>One connection that reads. Used by one thread at a time; every read sees one committed state.</summary>
internal sealed class JournalReader : IDisposable
{
    private const int FilteredPageRows = 4_096;

    private readonly Database database;
    private readonly Opener opener;
    private readonly OriginTable origins;
    private readonly EntityRegistry entities;
    private readonly RecentRows recent;
    private readonly RowReader rows;
    private readonly Statement begin, end, snapshot, replies, ofEntity, byId, ofLane, atPlace, conflicts,
        ofLaneEntities;
    private int rowLane; // lane of the row that was read last, and whether this journal is its origin
    private bool ownRow;

    /// <param name="database">A connection of its own.</param>
    /// <param name="parts">What the writer shares with readers.</param>
    public JournalReader(Database database, WriterParts parts)
    {
        (this.database, origins, recent) = (database, parts.Origins, parts.Recent);
        opener = new Opener(parts.Keys);
        entities = new EntityRegistry(database, parts.Keys, opener, parts.Cache, parts.RecentEntities);
        rows = new RowReader(opener, origins, entities);
        begin = database.Prepare("BEGIN");
        end = database.Prepare("COMMIT");
        snapshot = database.Prepare("SELECT local_sequence, salt, nonce, sealed FROM snapshot WHERE entity = ?1");
        replies = database.Prepare("SELECT hash, salt, nonce, sealed FROM reply WHERE entity = ?1");
        ofEntity = database.Prepare(
            "SELECT local_sequence, id FROM entity_row WHERE entity = ?1 AND local_sequence > ?2 "
            + "ORDER BY local_sequence");
        byId = database.Prepare($"SELECT {RowReader.Columns} FROM event WHERE id = ?1");
        ofLane = database.Prepare(
            "SELECT position, id FROM lane_row WHERE lane = ?1 AND position >= ?2 AND position <= ?3 "
            + "ORDER BY position");
        atPlace = database.Prepare("SELECT id FROM lane_row WHERE lane = ?1 AND position = ?2");
        conflicts = database.Prepare(
            $"SELECT {ConflictRow.Columns} FROM conflict WHERE number > ?1 ORDER BY number LIMIT ?2");
        ofLaneEntities = database.Prepare("SELECT number, lane, hash, salt, nonce, sealed FROM entity "
            + "WHERE number > ?1 ORDER BY number");
    }

    /// <summary>An entity's snapshot (unless <paramref name="fromFirst"/>), the rows after it, and its
    /// replies.</summary>
    public EntityImage Load(EntityKey key, bool fromFirst)
    {
        EntitySnapshot? taken = null;
        Failure? damage = null;
        var found = new List<EventRow>();
        var remembered = new List<RememberedReply>();
        try
        {
            if (entities.Find(key) is not { } entry)
                return new EntityImage(key, null, [], []);
            var number = entry.Number;
            var unindexed = recent.OfEntity(number);
            using (Transaction())
            {
                if (!fromFirst)
                    damage = ReadSnapshot(key, number, out taken);
                damage ??= ReadRows(key, number, taken?.LocalSequence ?? 0, unindexed, found);
                damage ??= ReadReplies(key, number, remembered);
            }
        }
        catch (StoreException e)
        {
            damage = Damage.Of(e);
        }
        return new EntityImage(key, taken, found, remembered) { Damage = damage };
    }

    /// <summary>Rows of a lane after a position. Reads on until it has a row to return or has seen them all.</summary>
    public LanePage ReadLane(int lane, ulong after, LaneFilter? filter, int maxRows, int maxBytes)
    {
        var head = recent.Head(lane); // before the origin is looked up: an origin is known before its first row shows
        var wanted = filter is null ? 0 : origins.Find(filter.Origin);
        if (wanted is null)
            return new LanePage(lane, [], Math.Max(after, head), []);
        while (true)
        {
            var page = ReadPage(lane, after, filter, wanted.Value, maxRows, maxBytes);
            if (page.Rows.Count > 0 || page.Damaged.Count > 0 || page.Through == after)
                return page;
            after = page.Through;
        }
    }

    private LanePage ReadPage(int lane, ulong after, LaneFilter? filter, long origin, int maxRows, int maxBytes)
    {
        var ids = new List<long>();
        var scan = filter is null ? maxRows : FilteredPageRows;
        var (first, head) = recent.OfLane(lane, after + 1, scan, ids);
        var found = new List<LaneRow>();
        var damaged = new List<ulong>();
        var bytes = 0L;
        var through = after;
        if (head <= after)
            return new LanePage(lane, found, after, damaged);
        using var transaction = Transaction();
        IEnumerable<long> all = after + 1 < first ? [.. Indexed(lane, after + 1, first - 1, scan), .. ids] : ids;
        foreach (var id in all.Take(scan))
        {
            if (found.Count > 0 && (found.Count == maxRows || bytes >= maxBytes))
                break;
            through++;
            if (filter is not null && IsPassedOver(id, through, origin, filter.AfterOriginPosition))
                continue;
            if (TryRow(id, lane, through, 0, out var row))
            {
                found.Add(new LaneRow(through, row));
                bytes += row.Event.Payload.Length;
            }
            else
            {
                damaged.Add(through);
            }
        }
        return new LanePage(lane, found, through, damaged);
    }

    /// <summary>Entries of the conflict ledger, oldest first. A damaged one is left out; a check names it.</summary>
    public ConflictPage ReadConflicts(long after, int limit)
    {
        var found = new List<ConflictRecord>();
        var (seen, last) = (0, 0L);
        conflicts.Bind(1, after).Bind(2, limit);
        try
        {
            while (conflicts.Step())
            {
                (seen, last) = (seen + 1, conflicts.Long(ConflictRow.Number));
                if (ConflictRow.TryOpen(conflicts, opener, origins, entities, out var record))
                    found.Add(record!);
            }
        }
        finally
        {
            conflicts.Reset();
        }
        return new ConflictPage(found, seen == limit ? last : 0);
    }

    /// <summary>Keys of a lane's entities by number. A damaged one is left out; a check names it.</summary>
    public EntityPage ReadEntities(int lane, long after, int max)
    {
        var found = new List<EntityKey>();
        var last = 0L;
        ofLaneEntities.Bind(1, after);
        try
        {
            while (ofLaneEntities.Step())
            {
                if (ofLaneEntities.Long(1) != lane)
                    continue;
                if (found.Count == max)
                    return new EntityPage(found, last);
                last = ofLaneEntities.Long(0);
                if (EntityRegistry.TryOpen(opener, ofLaneEntities, last, out var key, firstColumn: 1))
                    found.Add(key);
            }
        }
        finally
        {
            ofLaneEntities.Reset();
        }
        return new EntityPage(found, 0);
    }

    /// <summary>Verifies everything.</summary>
    public JournalReport Check(IProgress<long>? progress, CancellationToken cancellationToken)
        => new JournalCheck(database, opener, origins, entities, recent).Run(progress, cancellationToken);

    public void Dispose()
    {
        opener.Dispose();
        database.Dispose();
    }

    private Failure? ReadSnapshot(EntityKey key, long entity, out EntitySnapshot? taken)
    {
        taken = null;
        snapshot.Bind(1, entity);
        try
        {
            if (!snapshot.Step())
                return null;
            var sequence = snapshot.Long(0);
            if (!opener.TryOpen(SealDomain.Snapshot, snapshot.Long(1), snapshot.Long(2), [entity, sequence],
                snapshot.Blob(3), out var content))
                return Damage.Failure($"the snapshot of {key} is damaged or was altered");
            taken = new EntitySnapshot(key, (ulong)sequence, content);
            return null;
        }
        finally
        {
            snapshot.Reset();
        }
    }

    /// <param name="unindexed">What memory knew before the transaction began. A row of it may have been indexed since;
    /// a row newer than all of it is left out, because only one of the two indexes may have it yet.</param>
    private Failure? ReadRows(
        EntityKey key, long entity, ulong after, (List<EntityPlace> Places, long LastId) unindexed,
        List<EventRow> found)
    {
        var places = new List<EntityPlace>();
        var until = unindexed.Places.Count > 0 ? unindexed.Places[0].LocalSequence : ulong.MaxValue;
        ofEntity.Bind(1, entity).Bind(2, (long)after);
        try
        {
            while (ofEntity.Step())
            {
                var place = new EntityPlace((ulong)ofEntity.Long(0), ofEntity.Long(1), 0);
                if (place.LocalSequence < until && place.Id <= unindexed.LastId)
                    places.Add(place);
            }
        }
        finally
        {
            ofEntity.Reset();
        }
        places.AddRange(unindexed.Places.Where(p => p.LocalSequence > after));
        foreach (var place in places)
        {
            if (place.LocalSequence != after + (ulong)found.Count + 1)
                return Damage.Failure($"row {after + (ulong)found.Count + 1} of {key} is missing");
            if (!TryRow(place.Id, -1, 0, entity, out var row) || row.LocalSequence != place.LocalSequence
                || !IsInPlace(place, row.Event))
                return Damage.Failure($"row {place.LocalSequence} of {key} is damaged, was altered, or is missing");
            found.Add(row);
        }
        return null;
    }

    private Failure? ReadReplies(EntityKey key, long entity, List<RememberedReply> found)
    {
        replies.Bind(1, entity);
        try
        {
            while (replies.Step())
            {
                var hash = replies.Blob(0);
                if (hash.Length != 16 || !opener.TryOpen(SealDomain.Reply, replies.Long(1),
                    replies.Long(2), SideRecords.ReplyColumns(entity, hash), replies.Blob(3), out var content))
                    return Damage.Failure($"a remembered reply of {key} is damaged or was altered");
                var stored = SealedReply.Parser.ParseFrom(content);
                found.Add(new RememberedReply(key, stored.Key, stored.Reply.Memory));
            }
            return null;
        }
        finally
        {
            replies.Reset();
        }
    }

    /// <summary>Ids of a lane's positions from the index; 0 for one that the index lacks.</summary>
    private List<long> Indexed(int lane, ulong from, ulong to, int max)
    {
        var ids = new List<long>();
        to = Math.Min(to, from + (ulong)max - 1);
        ofLane.Bind(1, lane).Bind(2, (long)from).Bind(3, (long)to);
        try
        {
            while (ofLane.Step())
            {
                var position = (ulong)ofLane.Long(0);
                while (from + (ulong)ids.Count < position)
                    ids.Add(0);
                ids.Add(ofLane.Long(1));
            }
        }
        finally
        {
            ofLane.Reset();
        }
        while (from + (ulong)ids.Count <= to)
            ids.Add(0);
        return ids;
    }

    /// <summary>False when an own row's position, which is no part of the associated data, is not where the row lies:
    /// its position at the origin would be wrong.</summary>
    private bool IsInPlace(EntityPlace place, EventRecord e)
    {
        if (!ownRow)
            return true;
        if (place.Position > 0)
            return place.Position == e.OriginPosition;
        atPlace.Bind(1, rowLane).Bind(2, (long)e.OriginPosition);
        try
        {
            return atPlace.Step() && atPlace.Long(0) == place.Id;
        }
        finally
        {
            atPlace.Reset();
        }
    }

    /// <summary>True for a row that a filter does not want, told without opening it.</summary>
    private bool IsPassedOver(long id, ulong position, long origin, ulong afterOriginPosition)
    {
        if (id == 0)
            return false;
        byId.Bind(1, id);
        try
        {
            if (!byId.Step())
                return false;
            var originPosition = byId.Long(6) == 0 ? position : (ulong)byId.Long(6);
            return byId.Long(4) != origin || originPosition <= afterOriginPosition;
        }
        catch (StoreException e) when (e.IsDamage)
        {
            return false; // it is wanted as far as anybody can tell, and is then reported
        }
        finally
        {
            byId.Reset();
        }
    }

    private bool TryRow(long id, int lane, ulong position, long entity, out EventRow row)
    {
        row = default;
        if (id == 0)
            return false;
        byId.Bind(1, id);
        try
        {
            if (!byId.Step())
                return false;
            (rowLane, ownRow) = ((int)byId.Long(0), byId.Long(6) == 0);
            return rows.TryRead(byId, lane, position, entity, out row);
        }
        catch (StoreException e) when (e.IsDamage)
        {
            return false;
        }
        finally
        {
            byId.Reset();
        }
    }

    private ReadTransaction Transaction()
    {
        begin.Run();
        return new ReadTransaction(this);
    }

    private readonly struct ReadTransaction(JournalReader reader) : IDisposable
    {
        public void Dispose()
        {
            try
            {
                reader.end.Run();
            }
            catch (StoreException)
            {
                reader.database.Rollback(); // a read has nothing to keep; the next one begins afresh
            }
        }
    }
}
