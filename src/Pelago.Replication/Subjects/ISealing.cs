namespace Pelago.Replication;

/// <summary>What seals and opens personal members for a handler while it runs: the kernel, or a test kit.</summary>
public interface ISealing
{
    /// <summary>Seals for an event of the command under way.</summary>
    /// <param name="inEvent">Place of that event among the command's, from 0.</param>
    /// <returns>A box.</returns>
    byte[] Seal(string subject, string field, int inEvent, ReadOnlySpan<byte> content);

    /// <summary>Opens a box that lies in the handler's entity.</summary>
    /// <returns>Null when it cannot be read.</returns>
    byte[]? Open(SealedBox box, out Unreadable why);
}

/// <summary>What a query knows beside the state: it opens personal members of the entity that is read.</summary>
/// <remarks>Good until the query returns.</remarks>
public sealed class QueryContext
{
    private readonly ISealing? sealing;

    /// <summary>A query's context.</summary>
    public QueryContext(ISealing? sealing) => this.sealing = sealing;

    /// <summary>Opens a personal member of the entity.</summary>
    /// <param name="member">As it lies in the state.</param>
    /// <param name="json">Source-generated JSON contract of what was sealed.</param>
    /// <exception cref="InvalidOperationException">The query has returned.</exception>
    public Opened<T> Open<T>(Sealed<T> member, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> json)
        => SealedValues.Open(sealing, member, json);
}
