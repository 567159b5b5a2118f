using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Results of requests for registers that no kernel answered.</summary>
internal static class RegisterChecks
{
    public static RegisterResult Refused(Failure failure) => new(RegisterOutcome.Refused, null, failure);

    /// <summary>Why a change is not taken at all, or null: who the regions and primaries are is changed with what
    /// belongs to it, not as a register.</summary>
    public static Failure? Refuse(EntityKey register, RegisterChange? change)
        => change is null || !register.Type.StartsWith(RegisterRequest.ReservedPrefix, StringComparison.Ordinal)
        ? null : new Failure(ErrorCodes.RegisterReserved, $"Register {register} belongs to Pelago itself.",
            $"Use a type that does not begin with '{RegisterRequest.ReservedPrefix}'.");

    /// <summary>The kernel failed with the request under way: a read is no loss, a change may have been made.</summary>
    public static RegisterResult Lost(RegisterRequest request) => request.Change is null
        ? new RegisterResult(RegisterOutcome.NoQuorum, null, RequestChecks.InstanceFailed)
        : new RegisterResult(RegisterOutcome.Unknown, null, RequestChecks.InstanceFailed);
}
