using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Whoever waits for an answer. Continuations run on the thread pool, never on the loop.</summary>
internal sealed class PendingRequest()
    : TaskCompletionSource<RequestResult>(TaskCreationOptions.RunContinuationsAsynchronously);
