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

    /// <summary>Forgets a subject of personal members, for good: its keys are deleted, in this region before this
    /// returns and in every other one when it hears of it. Events and states stay as they are, and what is sealed in
    /// them of the subject is <see cref="Unreadable.Forgotten"/> from then on. A backup from before holds the keys
    /// until it is gone.</summary>
    /// <param name="subject">As it was given to <see cref="CommandContext.Seal{T}"/>.</param>
    /// <param name="cancellationToken">Stops waiting; the subject may be forgotten all the same.</param>
    /// <returns>False when it was forgotten before.</returns>
    /// <exception cref="PelagoException">It could not be done; nothing was changed. When the request asks for more
    /// regions than this one: see below.</exception>
    ValueTask<bool> ForgetSubjectAsync(string subject, CancellationToken cancellationToken);

    /// <summary>The same, and answers once that is durable in as many regions: in each of them the keys are gone by
    /// then. Asked again, it waits for what was forgotten before.</summary>
    /// <param name="level">In how many regions. What a client asks for with <see cref="PelagoHeaders.Acknowledge"/> may
    /// still raise it.</param>
    /// <exception cref="PelagoException">PLG5020: it is forgotten here, the others will hear of it, and enough of them
    /// have not confirmed it in time; PLG5021: the group has not so many regions, and nothing was changed.</exception>
    ValueTask<bool> ForgetSubjectAsync(string subject, Acknowledgement level, CancellationToken cancellationToken);

    /// <summary>Makes this region the primary of a type whose primary moves
    /// (<see cref="EntityMode.RequestRegion"/>), however short it has been elsewhere. Nothing happens when it is that
    /// already.</summary>
    /// <exception cref="PelagoException">PLG5030 when it could not be done in time; PLG5032 when the type has no
    /// primary that moves.</exception>
    ValueTask RequestPrimaryAsync<TState>(CancellationToken cancellationToken) where TState : class, IEntity<TState>;
}
