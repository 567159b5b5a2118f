using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

public sealed partial class EntityRuntime
{
    /// <summary>Reads a register: the value that a majority of the regions had decided at some moment between question
    /// and answer.</summary>
    /// <param name="deadline">How long to try; null for the runtime's usual deadline.</param>
    public ValueTask<RegisterResult> ReadRegisterAsync(
        EntityKey register, TimeSpan? deadline, CancellationToken cancellationToken)
        => DecideAsync(register, null, deadline, cancellationToken);

    /// <summary>Changes a register if it has the expected version.</summary>
    /// <param name="deadline">How long to try; null for the runtime's usual deadline.</param>
    public ValueTask<RegisterResult> ChangeRegisterAsync(
        EntityKey register, RegisterChange change, TimeSpan? deadline, CancellationToken cancellationToken)
        => DecideAsync(register, change, deadline, cancellationToken);

    private async ValueTask<RegisterResult> DecideAsync(
        EntityKey register, RegisterChange? change, TimeSpan? deadline, CancellationToken cancellationToken)
    {
        if (!IsServing)
            return RegisterChecks.Refused(RequestChecks.Stopping);
        if (RegisterChecks.Refuse(register, change) is { } reserved)
            return RegisterChecks.Refused(reserved);
        var waiter = new TaskCompletionSource<RegisterResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = new RegisterRequest
        {
            Register = register, Change = change, Waiter = waiter,
            DeadlineMilliseconds = KernelLoop.MonotonicMilliseconds(clock)
                + (long)(deadline?.TotalMilliseconds ?? options.RequestDeadlineMilliseconds),
        };
        if (Interlocked.Increment(ref pending) > options.MaxPendingRequests)
        {
            Leave();
            return RegisterChecks.Refused(RequestChecks.Overloaded(options.MaxPendingRequests));
        }
        if (!loop.Post(request))
        {
            Leave();
            return RegisterChecks.Refused(RequestChecks.Stopping);
        }
        return await waiter.Task.WaitAsync(cancellationToken);
    }

    private void Finish(object? waiter, RegisterResult result)
    {
        Leave();
        ((TaskCompletionSource<RegisterResult>)waiter!).TrySetResult(result);
    }
}
