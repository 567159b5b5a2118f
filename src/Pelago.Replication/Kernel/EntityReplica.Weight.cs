namespace Pelago.Replication;

/// <remarks>What an entity takes in memory is estimated, because a user's objects cannot be measured: from its
/// serialized state, looked at whenever the number of events has doubled, so that an event pays for a vanishing part of
/// that.</remarks>
internal sealed partial class EntityReplica
{
    private const int FewEvents = 8;
    private const long Bare = 600;

    // Objects, and characters of two bytes, beside their form as JSON.
    private const long BytesForSerialized = 2;

    private long stateBytes, told;
    private ulong nextLook = FewEvents;

    /// <summary>Bytes in memory, about.</summary>
    public long Weight => Bare + (BytesForSerialized * stateBytes) + Fold.Tail.Sum(t => (long)t.Event.Weight);

    /// <summary>By how much the state has grown since this was asked last.</summary>
    public long TakeGrowth()
    {
        var grown = BytesForSerialized * (stateBytes - told);
        told = stateBytes;
        return grown;
    }

    /// <summary>The state was serialized for another reason.</summary>
    public void NoteSerialized(int bytes) => (stateBytes, nextLook) = (bytes, Math.Max(FewEvents, 2 * Count));

    /// <summary>Looks how large the state has become, if that is due.</summary>
    public void LookAtWeight()
    {
        if (Count < nextLook || Unusable is not null)
            return;
        try
        {
            NoteSerialized(Type.EncodeState(Fold.State).Length);
        }
        catch (Exception) // a user's serializer; snapshots tell of it
        {
            nextLook = 2 * Count;
        }
    }

    // As long as there are few events the state is hardly larger than they are.
    private void WeighEvent(EventRecord e)
    {
        if (Count < FewEvents)
            stateBytes += e.Payload.Length;
    }
}
