using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Loads entities: snapshot, rows and replies of one committed state.</summary>
internal sealed partial class EntityLoader
{
    private readonly ReadTransactions transactions;
    private readonly Opener opener;
    private readonly EntityRegistry entities;
    private readonly RecentRows recent;
    private readonly RowAccess rows;
    private readonly Statement snapshot, checkpoint, replies, subjectKeys, ofEntity;

    public EntityLoader(Database database, ReadTransactions transactions, Opener opener, EntityRegistry entities,
        RecentRows recent, RowAccess rows)
    {
        (this.transactions, this.opener, this.entities) = (transactions, opener, entities);
        (this.recent, this.rows) = (recent, rows);
        snapshot = database.Prepare("SELECT local_sequence, salt, nonce, sealed FROM snapshot WHERE entity = ?1");
        checkpoint = database.Prepare(
            "SELECT lane, through, salt, nonce, sealed FROM checkpoint WHERE entity = ?1");
        replies = database.Prepare("SELECT hash, salt, nonce, sealed FROM reply WHERE entity = ?1");
        subjectKeys = database.Prepare($"SELECT {SubjectKeyRow.Columns} FROM subject_key WHERE entity = ?1");
        ofEntity = database.Prepare(
            "SELECT local_sequence, id FROM entity_row WHERE entity = ?1 AND local_sequence > ?2 "
            + "ORDER BY local_sequence");
    }

    /// <summary>An entity's snapshot (unless <paramref name="fromFirst"/>), the rows after it, and its
    /// replies.</summary>
    public EntityImage Load(EntityKey key, bool fromFirst)
    {
        EntitySnapshot? taken = null;
        EntityCheckpoint? stored = null;
        Failure? damage = null;
        var found = new List<EventRow>();
        var remembered = new List<RememberedReply>();
        IReadOnlyList<SubjectKey> ofSubject = [];
        try
        {
            if (entities.Find(key) is not { } entry)
                return new EntityImage(key, null, [], []);
            var number = entry.Number;
            var unindexed = recent.OfEntity(number);
            using (transactions.Begin())
            {
                if (!fromFirst)
                    damage = ReadSnapshot(key, number, out taken);
                damage ??= ReadCheckpoint(key, number, out stored);
                damage ??= ReadRows(
                    key, number, taken?.LocalSequence ?? stored?.Through ?? 0, unindexed, int.MaxValue,
                    (_, row) => found.Add(row));
                damage ??= ReadReplies(key, number, remembered);
                if (key.Type == SubjectType.Name)
                    damage ??= ReadSubjectKeys(key, number, out ofSubject);
            }
        }
        catch (StoreException e) when (e.IsDamage)
        {
            damage = Damage.Of(e);
        }
        catch (StoreException e) // nothing is known to be wrong with the entity: it can be asked for again
        {
            throw Damage.Of(e).ToException(e);
        }
        return new EntityImage(key, taken, found, remembered) 
        {
            Checkpoint = stored, SubjectKeys = ofSubject, Damage = damage,
        };
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
        EntityKey key, long entity, ulong after, (List<EntityPlace> Places, long LastId) unindexed, int max,
        Action<EntityPlace, EventRow> found)
    {
        var next = after;
        var places = new List<EntityPlace>();
        var until = unindexed.Places.Count > 0 ? unindexed.Places[0].LocalSequence : ulong.MaxValue;
        ofEntity.Bind(1, entity).Bind(2, (long)after);
        try
        {
            while (places.Count < max && ofEntity.Step())
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
        foreach (var place in places.Take(max))
        {
            if (place.LocalSequence != ++next)
                return Damage.Failure($"row {next} of {key} is missing");
            if (!rows.TryRead(place.Id, -1, 0, entity, out var row) || row.LocalSequence != place.LocalSequence
                || !rows.IsInPlace(place, row.Event))
                return Damage.Failure($"row {place.LocalSequence} of {key} is damaged, was altered, or is missing");
            found(place, row);
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
                if (SideSealer.OpenReply(opener, key, entity, replies.Blob(0), replies.Long(1), replies.Long(2),
                    replies.Blob(3)) is not { } reply)
                    return Damage.Failure($"a remembered reply of {key} is damaged or was altered");
                found.Add(reply);
            }
            return null;
        }
        finally
        {
            replies.Reset();
        }
    }

    private Failure? ReadSubjectKeys(EntityKey key, long entity, out IReadOnlyList<SubjectKey> found)
    {
        var rows = new List<SubjectKeyRow>();
        subjectKeys.Bind(1, entity);
        try
        {
            while (subjectKeys.Step())
                rows.Add(new SubjectKeyRow(subjectKeys.Blob(0).ToArray(), subjectKeys.Long(1), subjectKeys.Long(2),
                    subjectKeys.Blob(3).ToArray()));
        }
        finally
        {
            subjectKeys.Reset();
        }
        found = SubjectKeyRow.OpenAll(opener, key, entity, rows, out var damage);
        return damage;
    }
}
