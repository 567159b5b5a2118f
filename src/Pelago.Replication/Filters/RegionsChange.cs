namespace Pelago.Replication;

/// <summary>The event that says which regions get an entity's events from it on, those of its batch included.
/// Persisted by <see cref="Persisting.KeptIn"/>, <see cref="Persisting.KeptOutOf"/> and
/// <see cref="Persisting.KeptEverywhere"/>.</summary>
/// <remarks>Stored under a reserved name, without content: the rule is what this and every later event of the entity
/// carries (<see cref="EventRecord.Regions"/>). Of two that are in force for different regions the one of the higher
/// epoch holds, and of one epoch the later in the total order. It leaves the state as it is.</remarks>
/// <param name="Rule">The rule; its epoch is set when it is written.</param>
public sealed record RegionsChange(EntityFilter Rule)
{
    /// <summary>The name under which it is stored.</summary>
    public const string PayloadName = "$regions";

    /// <summary>The only version of it.</summary>
    public const int PayloadVersion = 1;

    /// <summary>What is read back; the event has the rule.</summary>
    internal static readonly RegionsChange Stored = new(EntityFilter.None);

    /// <summary>It says no more than which regions are left out in addition: the rest of the rule in force
    /// stays.</summary>
    internal bool IsAddition { get; init; }

    /// <summary>The rule that follows one that is in force; null for none.</summary>
    internal EntityFilter Following(EntityFilter? inForce) => !IsAddition || inForce is null ? Rule
        : inForce.Except([.. inForce.Excluded, .. Rule.Excluded]);

    /// <summary>The same events with one rule for all that <paramref name="change"/> says.</summary>
    internal static object[] In(object[] events, Func<RegionsChange, RegionsChange> change)
        => events is [RegionsChange known, .. var rest] ? [change(known), .. rest]
            : [change(new RegionsChange(EntityFilter.None) { IsAddition = true }), .. events];
}
