namespace Pelago.Replication;

/// <remarks>Filters of single entities. Each event carries the rule that was in force for its author; so whoever has
/// it knows whom it is for, whatever else he knows, and everybody says the same.</remarks>
public sealed partial class EventRecord
{
    /// <summary>Name of the payload of a placeholder.</summary>
    public const string WithheldName = "$withheld";

    /// <summary>A placeholder: that the event exists, where and when it was written and what its author had seen. What
    /// it says, its tags, key and trace are not here.</summary>
    public bool IsWithheld => Regions is not null && PayloadName == WithheldName;

    /// <summary>The region may have what it says. Which regions an entity is for is told to all.</summary>
    public bool IsFor(string region) => Regions is not { } rule || PayloadName == RegionsChange.PayloadName
        || rule.Admits(region);

    /// <summary>What the region may have of it: the event, or a placeholder.</summary>
    public EventRecord For(string region) => IsFor(region) ? this : Withheld();

    /// <summary>The placeholder of this event. No digest of what it says is in it: whoever may not have that could try
    /// out what it may be.</summary>
    public EventRecord Withheld() => IsWithheld ? this : new EventRecord
    {
        Entity = Entity, Origin = Origin, Sequence = Sequence, Vector = Vector, Timestamp = Timestamp, Epoch = Epoch,
        BatchIndex = BatchIndex, BatchLength = BatchLength, PayloadName = WithheldName, Payload = default,
        Regions = Regions, OriginPosition = OriginPosition,
    };
}
