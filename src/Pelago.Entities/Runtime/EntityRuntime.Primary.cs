using Pelago.Replication;

namespace Pelago.Entities;

public sealed partial class EntityRuntime
{
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
