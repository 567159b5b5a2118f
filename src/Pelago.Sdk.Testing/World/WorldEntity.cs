using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>One entity as one region of a world has it. What waits lets the world's time pass.</summary>
/// <remarks>Options are those of production: idempotency key, causality token, deadline.</remarks>
/// <typeparam name="TState">The state record.</typeparam>
public sealed class WorldEntity<TState> where TState : class, IEntity<TState>
{
    private readonly WorldGroup group;
    private readonly SimulatedRegion region;
    private readonly WorldClient? client;
    private readonly EntityType type;

    internal WorldEntity(WorldGroup group, SimulatedRegion region, string id, WorldClient? client)
        => (this.group, this.region, Id, this.client, type) = (group, region, id, client, group.TypeOf<TState>());

    /// <summary>The entity's id.</summary>
    public string Id { get; }

    /// <summary>Sends a command and waits until its events are durable in this region.</summary>
    /// <exception cref="PelagoException">It was refused, or could not be done.</exception>
    /// <exception cref="WorldException">A handler or serializer threw: that is the inner exception.</exception>
    public TReply Send<TReply>(ICommand<TReply> command, RequestOptions? options = null)
        => Begin(command, options).Value;

    /// <summary>Sends a command and waits; a refusal is part of the answer, and so is the causality token.</summary>
    public EntityReply<TReply> TrySend<TReply>(ICommand<TReply> command, RequestOptions? options = null)
        => Begin(command, options).Reply;

    /// <summary>Sends a command and does not wait.</summary>
    public PendingReply<TReply> Begin<TReply>(ICommand<TReply> command, RequestOptions? options = null)
        => Watch(group.Send(region, type, Id, command, Under(options)));

    /// <summary>The state as this region has it, after what the token names.</summary>
    /// <exception cref="PelagoException">PLG5004 when the token's point was not reached in time; PLG5018
    /// when it was lost with a removed region; PLG5003 when the
    /// entity is parked.</exception>
    /// <exception cref="WorldException">A handler or serializer threw: that is the inner exception.</exception>
    public TState Read(RequestOptions? options = null) => BeginRead(options).Value;

    /// <summary>Reads the state; a failure is part of the answer, and so is the causality token.</summary>
    public EntityReply<TState> TryRead(RequestOptions? options = null) => BeginRead(options).Reply;

    /// <summary>Asks the state, as a query does that opens personal members with the keys that this region
    /// has.</summary>
    public TAnswer Query<TAnswer>(Func<TState, QueryContext, TAnswer> project, RequestOptions? options = null)
        => Watch(group.Read(region, type, Id,
            view => project((TState)view.State, new QueryContext(view.Sealing)), Under(options))).Value;

    /// <summary>Reads the state and does not wait.</summary>
    public PendingReply<TState> BeginRead(RequestOptions? options = null)
        => Watch(group.Read(region, type, Id, view => (TState)view.State, Under(options)));

    private RequestOptions Under(RequestOptions? options)
    {
        var asked = options ?? RequestOptions.Default;
        return client is null || !asked.Token.IsEmpty ? asked : asked with { Token = client.Token };
    }

    private PendingReply<T> Watch<T>(PendingReply<T> pending)
    {
        if (client is null)
            return pending;
        if (pending.IsDone)
            client.Saw(pending.Reply.Points);
        else
            pending.Took = answer => client.Saw(answer.Points);
        return pending;
    }
}
