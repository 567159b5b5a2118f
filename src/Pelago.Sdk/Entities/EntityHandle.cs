using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk;

/// <summary>One entity of a known type. Cheap to make, thread-safe.</summary>
public readonly struct EntityHandle<TState> where TState : class, IEntity<TState>
{
    private readonly RegionEntities entities;

    private readonly Acknowledgement? level;

    internal EntityHandle(RegionEntities entities, string id, Acknowledgement? level = null)
        => (this.entities, Id, this.level) = (entities, id, level);

    /// <summary>The entity's id.</summary>
    public string Id { get; }

    /// <summary>The same entity; commands through this handle are answered at another level than their type's. What a
    /// client asks for with <see cref="PelagoHeaders.Acknowledge"/> may still raise it.</summary>
    public EntityHandle<TState> Acknowledged(Acknowledgement asked) => new(entities, Id, asked);

    /// <summary>Sends a command and answers once its events are durable: in this region, or in as many as the level of
    /// acknowledgement says.</summary>
    /// <exception cref="PelagoException">It was refused, or could not be done; the failure says which. Over HTTP it
    /// becomes the response's problem details by itself. PLG5020: it is durable here, and not yet confirmed by enough
    /// regions.</exception>
    public ValueTask<TReply> Send<TReply>(ICommand<TReply> command, CancellationToken cancellationToken)
        => entities.SendAsync<TState, TReply>(Id, command, level, cancellationToken);

    /// <summary>Reads from the state, after what the request's causality token names has arrived here.</summary>
    /// <param name="project">Makes the answer from the state: pure and short.</param>
    /// <exception cref="PelagoException">PLG5004 when the token's point was not reached in time; PLG5018
    /// when it was lost with a removed region; PLG5003 when the
    /// entity is parked.</exception>
    public ValueTask<TAnswer> Read<TAnswer>(Func<TState, TAnswer> project, CancellationToken cancellationToken)
        => entities.ReadAsync(Id, project, atPrimary: false, cancellationToken);

    /// <summary>Reads at the entity's primary, wherever that is: the answer shows whatever was acknowledged before it
    /// was asked for. For types that have a primary (<see cref="EntityMode.Pinned"/>).</summary>
    /// <param name="project">Makes the answer from the state: pure and short.</param>
    /// <exception cref="PelagoException">PLG5030 when the primary is out of reach, PLG5032 when the type has
    /// none.</exception>
    public ValueTask<TAnswer> ReadPrimary<TAnswer>(Func<TState, TAnswer> project, CancellationToken cancellationToken)
        => entities.ReadAsync(Id, project, atPrimary: true, cancellationToken);

    /// <summary>Reads from the state, and opens personal members in it; see <c>Read</c> above.</summary>
    /// <param name="project">Makes the answer from state and context: pure and short. It may be run again, when keys
    /// had to be fetched from the journal.</param>
    public ValueTask<TAnswer> Read<TAnswer>(
        Func<TState, QueryContext, TAnswer> project, CancellationToken cancellationToken)
        => entities.QueryAsync(Id, project, atPrimary: false, cancellationToken);

    /// <summary>Reads at the entity's primary, and opens personal members with the keys that this region has; see
    /// <c>ReadPrimary</c> above.</summary>
    /// <param name="project">Makes the answer from state and context: pure and short.</param>
    public ValueTask<TAnswer> ReadPrimary<TAnswer>(
        Func<TState, QueryContext, TAnswer> project, CancellationToken cancellationToken)
        => entities.QueryAsync(Id, project, atPrimary: true, cancellationToken);

    /// <summary>The state itself; see <c>Read</c> above.</summary>
    public ValueTask<TState> Read(CancellationToken cancellationToken)
        => entities.ReadAsync<TState, TState>(Id, static state => state, atPrimary: false, cancellationToken);
}
