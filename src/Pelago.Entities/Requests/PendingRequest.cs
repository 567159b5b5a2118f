using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Whoever waits for an answer.</summary>
internal interface IPendingRequest
{
    /// <summary>The answer is there. The first one counts.</summary>
    void Complete(in RequestResult result);
}

/// <summary>Whoever waits for an answer of a type: the one object that a request under way costs its caller.
/// Continuations run on the thread pool, never on the loop.</summary>
/// <param name="before">The token that the request came with.</param>
internal sealed class PendingRequest<T>(CausalityToken before)
    : TaskCompletionSource<EntityReply<T>>(TaskCreationOptions.RunContinuationsAsynchronously), IPendingRequest
{
    /// <inheritdoc />
    public void Complete(in RequestResult result) => TrySetResult(EntityRequests.Reply<T>(result, before));

    /// <summary>A refusal that needs no waiting.</summary>
    public static ValueTask<EntityReply<T>> Refused(Failure failure, CausalityToken before)
        => new(new EntityReply<T>(default, failure, before, []));
}
