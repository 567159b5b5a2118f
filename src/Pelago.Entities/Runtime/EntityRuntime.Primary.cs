using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

public sealed partial class EntityRuntime
{
    /// <summary>Makes this region the primary of a type whose primary moves, whether or not the present one has been
    /// that for long.</summary>
    /// <param name="deadline">How long to try; null for the runtime's usual deadline.</param>
    /// <returns>The epoch in which it is the primary, or why it is not.</returns>
    public async ValueTask<PrimaryResult> RequestPrimaryAsync(
        EntityType type, TimeSpan? deadline, CancellationToken cancellationToken)
    {
        if (!IsServing)
            return new PrimaryResult(0, RequestChecks.Stopping);
        var waiter = new TaskCompletionSource<PrimaryResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = new PrimaryRequest
        {
            Type = type.Name, Waiter = waiter,
            DeadlineMilliseconds = KernelLoop.MonotonicMilliseconds(clock)
                + (long)(deadline?.TotalMilliseconds ?? options.RequestDeadlineMilliseconds),
        };
        if (Interlocked.Increment(ref pending) > options.MaxPendingRequests)
        {
            Leave();
            return new PrimaryResult(0, RequestChecks.Overloaded(options.MaxPendingRequests));
        }
        if (!loop.Post(request))
        {
            Leave();
            return new PrimaryResult(0, RequestChecks.Stopping);
        }
        return await waiter.Task.WaitAsync(cancellationToken);
    }

    private void Finish(object? waiter, PrimaryResult result)
    {
        Leave();
        ((TaskCompletionSource<PrimaryResult>)waiter!).TrySetResult(result);
    }

    // A peer asks for what this region is the primary of. On the loop: nothing here waits or throws.
    private void Serve(AskReceived asked)
    {
        var type = Types.Find(asked.Ask.Entity.Type);
        var waiter = new AskingPeer(type, asked, frame => loop.Post(
            new InspectInput((kernel, now) => kernel.Answer(asked.Link, frame, now))));
        var (request, refused) = PeerAsks.Open(
            type, asked.Ask, KernelLoop.MonotonicMilliseconds(clock), waiter);
        refused ??= Queue(request!) is { } failure ? PeerAsks.Refusal(asked.Ask, failure) : null;
        if (refused is not null)
            waiter.Post(refused);
    }

    private sealed class AskingPeer(EntityType? type, AskReceived asked, Action<AnswerFrame> post) : IPendingRequest
    {
        public void Complete(in RequestResult result) => post(PeerAsks.Answer(type!, asked.Ask, result));

        public void Post(AnswerFrame frame) => post(frame);
    }
}
