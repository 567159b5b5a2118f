using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Results of requests for registers that no kernel answered.</summary>
internal static class RegisterChecks
{
    public static RegisterResult Refused(Failure failure) => new(RegisterOutcome.Refused, null, failure);

    /// <summary>The kernel failed with the request under way: a read is no loss, a change may have been made.</summary>
    public static RegisterResult Lost(RegisterRequest request) => request.Change is null
        ? new RegisterResult(RegisterOutcome.NoQuorum, null, RequestChecks.InstanceFailed)
        : new RegisterResult(RegisterOutcome.Unknown, null, RequestChecks.InstanceFailed);
}
