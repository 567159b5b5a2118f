using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk;

/// <summary>The way to entities from endpoints and services; inject it.</summary>
/// <remarks>Within an HTTP request, commands and reads carry that request's causality token and idempotency key by
/// themselves, and the response carries the token on. Thread-safe.</remarks>
public interface IEntities
{
    /// <summary>An entity by id. Nothing is loaded yet; an id that is not valid is refused by the first use.</summary>
    /// <typeparam name="TState">A registered entity's state record.</typeparam>
    /// <param name="id">1–255 bytes of UTF-8 without control characters.</param>
    EntityHandle<TState> Get<TState>(string id) where TState : class, IEntity<TState>;

    /// <summary>Makes this region the primary of a type whose primary moves
    /// (<see cref="EntityMode.RequestRegion"/>), however short it has been elsewhere. Nothing happens when it is that
    /// already.</summary>
    /// <exception cref="PelagoException">PLG5030 when it could not be done in time; PLG5032 when the type has no
    /// primary that moves.</exception>
    ValueTask RequestPrimaryAsync<TState>(CancellationToken cancellationToken) where TState : class, IEntity<TState>;
}
