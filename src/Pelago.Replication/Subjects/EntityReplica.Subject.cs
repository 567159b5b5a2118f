namespace Pelago.Replication;

/// <remarks>What an entity has beside its events when it stands for a subject.</remarks>
internal sealed partial class EntityReplica
{
    private Dictionary<SubjectKeyId, SubjectKey>? keys;

    /// <summary>Keys of the subject that are here.</summary>
    public Dictionary<SubjectKeyId, SubjectKey> Keys => keys ??= [];

    /// <summary>The subject was forgotten. One event that says so is enough, whatever is wrong with others: also where
    /// the entity is parked, and the fold did not come to it.</summary>
    public bool IsForgotten => WasToldToForget || IsShownForgotten;

    /// <summary>So it is told whoever asks how the subject stands: not before an event that says so is kept here, or
    /// damage keeps it out for good.</summary>
    public bool IsShownForgotten => Key.Type == SubjectType.Name
        && ((WasToldToForget && IsBlind && !IsUnread) || IsForgottenByARow);

    /// <summary>It is blind because the journal could not be asked, and not for what was found there.</summary>
    public bool IsUnread { get; private set; }

    /// <summary>Nothing but memory knows that the subject is to be forgotten.</summary>
    public bool IsForgottenInMemoryAlone => WasToldToForget && !IsForgottenByARow;

    private bool IsForgottenByARow => Key.Type == SubjectType.Name
        && (Forgetting is not null || Fold.State is SubjectState { Forgotten: true });

    // Also where the fold did not come to it.
    private SubjectState Forgotten => ((SubjectState)Fold.State) with { Forgotten = true };

    /// <summary>An event that says so came, and is not among its rows: rows of the entity are damaged, or the event's
    /// causes have not come. This process knows it, and none after it before the event comes again.</summary>
    public bool WasToldToForget { get; set; }

    /// <summary>The batch that forgets the subject, as long as it is not final; null when there is none.</summary>
    public BatchId? Forgetting
    {
        get
        {
            foreach (var entry in Key.Type == SubjectType.Name ? Fold.Tail : [])
            {
                if (SubjectType.Forgets(entry.Event))
                    return BatchId.Of(entry.Event);
            }
            return null;
        }
    }
}
