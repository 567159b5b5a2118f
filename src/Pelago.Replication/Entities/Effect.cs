using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What a command handler decided, as the kernel sees it.</summary>
/// <param name="Events">Events to persist, atomically and in order; empty for a pure answer.</param>
/// <param name="Reply">Makes the reply from the state after the events.</param>
/// <param name="Rejection">Set when the command is refused; nothing is persisted then.</param>
/// <param name="Tags">Tags of every event of the batch.</param>
public sealed record Decision(
    IReadOnlyList<object> Events, Func<object, object?> Reply, Failure? Rejection, IReadOnlyList<string> Tags);

/// <summary>A handler's decision with its types, built by <see cref="Effect"/>.</summary>
public readonly struct Effect<TState, TReply> where TState : class
{
    internal Effect(Decision decision) => Decision = decision;

    /// <summary>The untyped form.</summary>
    public Decision Decision { get; }

    /// <summary>A refusal fits every reply type.</summary>
    public static implicit operator Effect<TState, TReply>(Rejection rejection)
        => new(new Decision([], static _ => null, rejection.Failure, []));
}

/// <summary>A refused command.</summary>
public readonly record struct Rejection(Failure Failure);

/// <summary>Starts a handler's decision.</summary>
public static class Effect
{
    /// <summary>Persists one event or more as one batch.</summary>
    public static Persisting Persist(params object[] events) => new(events, []);

    /// <summary>Deletes the entity: its state is the first one again, as if nothing had been written, and commands
    /// begin from there. Only for <see cref="MergeStrategy.Ordered"/> types; what is written after it in the total
    /// order, in any region, stands.</summary>
    /// <param name="before">Events that are persisted before it in the same batch.</param>
    public static Persisting Delete(params object[] before) => new([.. before, Deletion.Instance], []);

    /// <summary>Answers without an event.</summary>
    public static Effect<TState, TReply> Reply<TState, TReply>(TReply reply) where TState : class
        => new(new Decision([], _ => reply, null, []));

    /// <summary>Refuses the command; nothing changes.</summary>
    /// <param name="error">A registered code; its HTTP status answers the request.</param>
    /// <param name="message">One sentence for the caller.</param>
    /// <param name="next">What to do about it.</param>
    /// <param name="field">The offending field, or null.</param>
    public static Rejection Reject(ErrorCode error, string message, string next = "", string? field = null)
        => new(new Failure(error, message, next, field));
}

/// <summary>Events to persist; the reply is still to be said.</summary>
public readonly struct Persisting(object[] events, IReadOnlyList<string> tags)
{
    /// <summary>Tags for every event of the batch; at most <see cref="EventLimits.MaxTags"/>.</summary>
    public Persisting Tagged(params string[] added) => new(events, [.. tags, .. added]);

    /// <summary>Only these regions get the events, and what is written to the entity after them; others get
    /// placeholders, and send commands and reads on. The type needs
    /// <see cref="EntityDefinition{TState}.RegionsPerEntity"/>.</summary>
    /// <param name="regions">Members of the group, the one that takes the command among them. They take the place of
    /// all that was said before.</param>
    public Persisting KeptIn(params string[] regions)
        => new(RegionsChange.In(events, c => new RegionsChange(c.Rule.Only(regions))), tags);

    /// <summary>These regions do not get the events, and what is written to the entity after them. A region that is
    /// named here and in <see cref="KeptIn"/> does not.</summary>
    /// <remarks>Alone it adds to what is in force for the entity: it lets in nobody. With <see cref="KeptIn"/> or
    /// <see cref="KeptEverywhere"/> in the same effect the rule begins anew.</remarks>
    public Persisting KeptOutOf(params string[] regions) => new(RegionsChange.In(
        events, c => c with { Rule = c.Rule.Except([.. c.Rule.Excluded, .. regions]) }), tags);

    /// <summary>Every region gets the events, what is written after them, and what was withheld before.</summary>
    public Persisting KeptEverywhere()
        => new(RegionsChange.In(events, _ => new RegionsChange(EntityFilter.None)), tags);

    /// <summary>Replies from the state after the events, once they are durable.</summary>
    public Effect<TState, TReply> ThenReply<TState, TReply>(Func<TState, TReply> reply) where TState : class
        => new(new Decision(events, state => reply((TState)state), null, tags));
}
