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
    string EntityId, string Region, IReadOnlyList<string> Regions, long NowMilliseconds, ulong Version);
