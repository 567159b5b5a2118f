using Pelago.Model;

namespace Pelago.Replication;

/// <summary>The filter of a type, as the sender knows it. Sent after the hello, and when it changes: before anything
/// that was left out under it.</summary>
public sealed record FilterFrame(string Type, EntityFilter Filter) : Frame;

/// <summary>A placeholder for a run of events: whatever the type has among the positions that a frame claims was left
/// out.</summary>
/// <param name="Epoch">Of the filter under which it was left out.</param>
/// <param name="IsLacking">Not because the receiver is left out: the sender does not have it.</param>
public readonly record struct LeftOut(string Type, uint Epoch, bool IsLacking);

/// <summary>Events of a type that a region has passed and does not have.</summary>
/// <param name="Origin">Whose; null: the type is not for this region, and it has no events of others to show.</param>
/// <param name="After">Position at the origin.</param>
/// <param name="Through">Position at the origin.</param>
public sealed record LackedEvents(string Type, Origin? Origin, ulong After, ulong Through)
{
    internal bool Concerns(string type, Origin origin, ulong after, ulong through) => Type == type
        && (Origin is null || (Origin.Equals(origin) && After < through && Through > after));
}
