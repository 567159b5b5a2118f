using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

public sealed partial class EntityRuntime
{
    /// <summary>Who the group is, as this region has taken it: a snapshot that never changes.</summary>
    public Configuration Configuration => kernel.Configuration;

    /// <summary>This region is a member, and has what the others had when it was added: its entities may be read and
    /// written here.</summary>
    public bool HasJoined => Configuration.Find(Region) is { IsJoining: false };

    /// <summary>Every member gets the events of the type: regions can be compared by them.</summary>
    public bool IsForEveryRegion(string type)
        => !kernel.Filters.TryGetValue(type, out var filter) || IsForEveryRegion(filter);

    /// <summary>Every member is let in.</summary>
    public bool IsForEveryRegion(EntityFilter filter) => Configuration.Names.All(filter.Admits);

    /// <summary>Adds a region to the group, or removes one. A majority of the voting regions decides.</summary>
    /// <param name="force">To remove a region although no majority answers. If those who do not answer are alive, they
    /// may do the same, and there are two groups.</param>
    /// <param name="deadline">How long to try; null for the runtime's usual deadline.</param>
    /// <returns>What this region has taken by the time of the answer; with a failure when that is not what was asked
    /// for.</returns>
    public async ValueTask<MembershipResult> ChangeMembersAsync(
        MembershipChange change, string region, bool force, TimeSpan? deadline, CancellationToken cancellationToken)
    {
        if (!IsServing)
            return new MembershipResult(Configuration, RequestChecks.Stopping);
        var waiter = new TaskCompletionSource<MembershipResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = new MembershipRequest
        {
            Change = change, Region = region, Force = force, Waiter = waiter,
            DeadlineMilliseconds = KernelLoop.MonotonicMilliseconds(clock)
                + (long)(deadline?.TotalMilliseconds ?? options.RequestDeadlineMilliseconds),
        };
        if (Interlocked.Increment(ref pending) > options.MaxPendingRequests)
        {
            Leave();
            return new MembershipResult(Configuration, RequestChecks.Overloaded(options.MaxPendingRequests));
        }
        if (!loop.Post(request))
        {
            Leave();
            return new MembershipResult(Configuration, RequestChecks.Stopping);
        }
        return await waiter.Task.WaitAsync(cancellationToken);
    }

    private void Finish(object? waiter, MembershipResult result)
    {
        Leave();
        ((TaskCompletionSource<MembershipResult>)waiter!).TrySetResult(result);
    }
}
