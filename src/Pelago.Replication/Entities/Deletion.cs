namespace Pelago.Replication;

/// <summary>The event that deletes an entity of an <see cref="MergeStrategy.Ordered"/> type: the state after it is the
/// one before the first event, whatever came before it in the total order. Persisted by <see cref="Effect.Delete"/>.
/// </summary>
/// <remarks>Stored under a reserved name, without content, in the same form for every type: whoever looks at the rows
/// of an entity can tell that it was deleted without knowing the type.</remarks>
public sealed class Deletion
{
    /// <summary>The name under which it is stored.</summary>
    public const string PayloadName = "$deleted";

    /// <summary>The only version of it.</summary>
    public const int PayloadVersion = 1;

    /// <summary>The only instance.</summary>
    public static readonly Deletion Instance = new();

    private Deletion()
    {
    }

    /// <inheritdoc />
    public override string ToString() => PayloadName;
}
