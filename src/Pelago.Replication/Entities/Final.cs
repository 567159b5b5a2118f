using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What became of an event for good, once it is final: nothing that could change it can still
/// arrive.</summary>
public enum FinalVerdict
{
    /// <summary>It is in the state.</summary>
    Counted = 1,

    /// <summary>The fold refused it: an earlier event had made it invalid.</summary>
    Refused = 2,

    /// <summary>Another batch with its idempotency key counts instead.</summary>
    Deduplicated = 3,

    /// <summary>A primary wrote it that was replaced, and the next one did not have it: no region has it in its state.
    /// Do now what undoes it, or send its command again.</summary>
    Orphaned = 4,
}

/// <summary>An event that is final, as its effects see it.</summary>
/// <param name="Event">The event.</param>
/// <param name="Payload">Its payload, read by the newest version.</param>
/// <param name="Verdict">What became of it.</param>
/// <param name="Reason">Why it does not count; empty when it does.</param>
public sealed record FinalEvent(EventRecord Event, object Payload, FinalVerdict Verdict, string Reason);

/// <summary>What an effect of a final event is given.</summary>
/// <remarks>An effect runs in the region in which its event was written, in no transaction, and again when it failed or
/// when its process died before that it was done was recorded: at least once, with the same
/// <see cref="Key"/>.</remarks>
public interface IFinalContext
{
    /// <summary>Id of the entity.</summary>
    string EntityId { get; }

    /// <summary>What became of the event.</summary>
    FinalVerdict Verdict { get; }

    /// <summary>Why it does not count; empty when it does.</summary>
    string Reason { get; }

    /// <summary>Where and when it was written.</summary>
    EventRecord Event { get; }

    /// <summary>Names this effect of this event, the same each time it runs: hand it to whatever takes an idempotency
    /// key. At most <see cref="EventLimits.MaxIdempotencyKeyLength"/> printable ASCII characters.</summary>
    string Key { get; }

    /// <summary>Services of the application, in a scope of this run.</summary>
    IServiceProvider Services { get; }

    /// <summary>Sends a command to an entity of this service. It is carried out exactly once, however often the effect
    /// runs, as long as the runs lie within <see cref="EventLimits.IdempotencyWindowMilliseconds"/>.</summary>
    /// <exception cref="PelagoException">It was refused or could not be done; the effect runs again unless it catches
    /// this.</exception>
    ValueTask SendAsync<TState, TReply>(string id, ICommand<TReply> command, CancellationToken cancellationToken)
        where TState : class, IEntity<TState>;
}
