using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>What a level of acknowledgement means for personal members: whoever is told that a write is in so many
/// regions may lose all of them but one, and can still read it.</remarks>
internal sealed partial class LaneReplica
{
    // Of the events of a batch, which are nearly always the last ones; null when nothing in them is sealed. Of those
    // that are in the base the state is left: a member that is not in it any more nobody can read anyway.
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
        if (left == int.MaxValue && BoxesOfState(entity, batch) is { Count: > 0 } kept)
            boxes = kept;
        return boxes is null ? null : new KeyWait(boxes, batch, Confirm);
    }

    private List<SealedBox>? BoxesOfState(EntityReplica entity, BatchId batch)
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
        boxes?.RemoveAll(b => !b.Origin.Equals(batch.Origin) || b.Sequence < batch.FirstSequence);
        return boxes;
    }

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
