using System.Text.Json.Serialization.Metadata;

namespace Pelago.Replication;

/// <summary>Implemented by a state record, to define its entity type: name, merge strategy, events, commands.</summary>
/// <example><code>
/// public sealed record Cart(ImmutableSortedDictionary&lt;string, int&gt; Items) : IEntity&lt;Cart&gt;
/// {
///     public static void Define(EntityDefinition&lt;Cart&gt; entity) =&gt; entity
///         .Named("cart").Merge(MergeStrategy.Ordered)
///         .State(_ =&gt; new Cart(ImmutableSortedDictionary&lt;string, int&gt;.Empty), CartJson.Default.Cart)
///         .Event("item-added", CartJson.Default.ItemAdded, (cart, e) =&gt; cart with { … })
///         .Command&lt;AddItem, CartView&gt;((cart, command, context) =&gt; Effect.Persist(…).ThenReply(c =&gt; …));
/// }
/// </code></example>
/// <typeparam name="TSelf">The state record itself.</typeparam>
public interface IEntity<TSelf> where TSelf : class, IEntity<TSelf>
{
    /// <summary>Called once at registration.</summary>
    static abstract void Define(EntityDefinition<TSelf> entity);
}

/// <summary>A command and the type of its reply.</summary>
/// <typeparam name="TReply">What a successful command answers.</typeparam>
public interface ICommand<TReply>;

/// <summary>What a command handler may know beside state and command.</summary>
/// <param name="EntityId">Id of the entity.</param>
/// <param name="Region">The region in which the command runs.</param>
/// <param name="Regions">All regions of the group's configuration.</param>
/// <param name="NowMilliseconds">The author's clock, corrected towards the group's median; milliseconds since
/// 1970.</param>
/// <param name="Version">Number of events in the state.</param>
public sealed record CommandContext(
    string EntityId, string Region, IReadOnlyList<string> Regions, long NowMilliseconds, ulong Version)
{
    /// <summary>What seals and opens personal members; set by whoever runs the handler.</summary>
    public ISealing? Sealing { get; init; }

    /// <summary>Seals a personal member for an event that this command persists. The subject's first key is made by
    /// this, and is durable before the command goes on.</summary>
    /// <remarks>The handler may be run again, when keys have been fetched or made: it has to be pure, as
    /// always.</remarks>
    /// <param name="subject">Whose it is: 1–255 bytes, like an entity's id. It is not sealed: use a name that says
    /// nothing by itself, such as a customer number, and no other one for the same person.</param>
    /// <param name="field">A name for the member, e.g. <c>address</c>: see <see cref="SealedBox.IsField"/>.</param>
    /// <param name="value">What is sealed, in JSON; together with the names at most
    /// <see cref="SealedBox.MaxBytes"/>.</param>
    /// <param name="json">Source-generated JSON contract of the value.</param>
    /// <param name="inEvent">Place of its event among those that the command persists, from 0.</param>
    public Sealed<T> Seal<T>(
        string subject, string field, T value, JsonTypeInfo<T> json, int inEvent = 0)
        => SealedValues.Seal(Sealing, subject, field, inEvent, value, json);

    /// <summary>Opens a personal member of the entity. Before the effect is returned: a reply is made later, from what
    /// was opened until then.</summary>
    /// <param name="member">As it lies in the state.</param>
    /// <param name="json">Source-generated JSON contract of what was sealed.</param>
    /// <exception cref="InvalidOperationException">The handler has returned its effect.</exception>
    public Opened<T> Open<T>(Sealed<T> member, JsonTypeInfo<T> json) => SealedValues.Open(Sealing, member, json);
}
