using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>What a level of acknowledgement means for personal members: whoever is told that a write is in so many
/// regions may lose all of them but one, and can still read it.</remarks>
internal sealed partial class LaneReplica
{
    private readonly Dictionary<long, MemberSearch> searches = [];

    // Of the events of a batch, which are nearly always the last ones; null when nothing in them is sealed. Those of a
    // command that comes again are in the base perhaps, all or some: they are read from the journal.
    private KeyWait? KeysOf(EntityReplica entity, BatchId batch)
    {
        var boxes = default(List<SealedBox>);
        var (tail, left) = (entity.Fold.Tail, int.MaxValue);
        for (var i = tail.Count - 1; i >= 0 && left > 0; i--)
        {
            var e = tail[i].Event;
            if (BatchId.Of(e) != batch)
                continue;
            left = Math.Min(left, e.BatchLength) - 1;
            SealedBoxes.Find(e.Payload.Span, ref boxes);
        }
        if (left > 0 && (entity.Type.HasPersonalMembers || boxes is not null || BoxesOfState(entity) is not null))
            return new KeyWait(batch, Confirm);
        if (boxes is null)
            return null;
        var wait = new KeyWait(batch, Confirm);
        wait.Name(boxes);
        return wait;
    }

    // Null when there are none.
    private List<SealedBox>? BoxesOfState(EntityReplica entity)
    {
        var boxes = default(List<SealedBox>);
        try
        {
            SealedBoxes.Find(entity.Type.EncodeState(entity.Fold.State), ref boxes);
        }
        catch (Exception error) // a user's serializer: nothing is known to be sealed
        {
            ServiceFailed(entity, error);
        }
        return boxes;
    }

    private void LookForMembers(EntityReplica entity, BatchId batch, KeyWait wait)
    {
        context.Hit(Probe.MembersSearched);
        ReadRowsOf(new MemberSearch(entity.Key, batch, wait) { End = entity.LastRow, Gone = entity.RemovedRows });
    }

    // The newest rows first: what comes again does so soon.
    private void ReadRowsOf(MemberSearch search)
    {
        var request = links.NextRequest();
        searches.Add(request, search);
        search.Begin(context.Options.PageRows);
        context.Emit(new ReadRows(request, search.Entity, search.After, context.Options.PageRows));
    }

    /// <summary>Rows were read for <see cref="ReadRows"/>.</summary>
    /// <returns>False when nobody here had asked.</returns>
    public bool MembersRead(long request, EntityRows rows)
    {
        if (!searches.Remove(request, out var search))
            return false;
        if (search.Wait.IsOver)
            return true;
        search.Look(rows);
        if (search.IsWhole)
            Name(search.Wait, search.Boxes);
        else if (search.HasMore && rows.Damage is null)
            ReadRowsOf(search);
        else
            WithEntity(search.Entity, entity => Name(search.Wait, [.. search.Boxes, .. BoxesOfState(entity) ?? []]));
        return true;
    }

    /// <summary>They could not be read: the command is over, and its write stands.</summary>
    public bool MembersFailed(long request)
    {
        if (!searches.Remove(request, out var search))
            return false;
        RemoveAwaited(write =>
        {
            if (write.Keys != search.Wait)
                return false;
            Emit(write.Request, write.Result with { Value = null, Failure = MembersUnknown });
            return true;
        });
        return true;
    }

    // Where rows are gone, the state is what can still be opened: all of it counts, because whose it is nobody knows.
    private void Name(KeyWait wait, IReadOnlyList<SealedBox> boxes)
    {
        if (wait.IsOver)
            return;
        wait.Name(boxes);
        if (wait.Unknown == 0)
            wait.Confirm();
        else
            context.Subjects.Holders.Look(wait);
    }

    private static readonly Failure MembersUnknown = new(ErrorCodes.JournalUnavailable,
        "The command was carried out before, and the journal could not be read to find out which keys it needs.",
        "Repeat it with the same idempotency key: it is not done twice.");

    private int KeyRegionsFor(int regions) => Math.Min(regions, context.Subjects.Holders.Possible.Count());

    private bool HasKeysHeld(AwaitedWrite write, int regions)
        => write.Keys is not { } keys || context.Subjects.Holders.AreHeld(keys, KeyRegionsFor(regions));

    private Failure? KeysNotHeld(AwaitedWrite write, int regions, string stands)
    {
        if (write.Keys is not { } keys || HasKeysHeld(write, regions))
            return null;
        return new Failure(ErrorCodes.NotAcknowledged,
            $"{stands}that the keys of what is sealed in it are in {KeyRegionsFor(regions)} regions, as level "
            + $"'{write.Level}' asks for, had not been confirmed in time.",
            "Repeat it with the same idempotency key: it is not done twice, and is answered as soon as enough regions "
            + $"have them. Not yet heard of: {string.Join(", ", context.Subjects.Holders.NotHeardOf(keys))}.");
    }
}
