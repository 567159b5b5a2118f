using Pelago.Model;

namespace Pelago.Replication;

// Requests of people and programs, that this region become the primary: whether or not the present one has rested.
internal sealed partial class Primaries
{
    private const int MaxRequests = 64;
    private readonly List<PrimaryRequest> requests = [];

    /// <summary>Takes a request.</summary>
    public void Submit(PrimaryRequest request)
    {
        var failure = context.Closed ?? (Of(request.Type) is not null ? null : new Failure(ErrorCodes.NoPrimary,
            $"Entities of type '{request.Type}' have no primary that moves.",
            "Types of the mode request-region have one."));
        if (failure is null && requests.Count >= MaxRequests)
            failure = new Failure(ErrorCodes.Overloaded, "Too many requests for primaries wait.", "Try again later.");
        if (failure is null)
            requests.Add(request);
        else
            context.Emit(new PrimaryDone(request, new PrimaryResult(0, failure)));
    }

    private void TendRequests()
    {
        if (requests.Count == 0)
            return;
        requests.RemoveAll(request =>
        {
            var type = Of(request.Type)!;
            if (Writes(request.Type))
                context.Emit(new PrimaryDone(request, new PrimaryResult(type.Record.Epoch, null)));
            else if (request.DeadlineMilliseconds <= Now)
                context.Emit(new PrimaryDone(request, new PrimaryResult(0, Late(type))));
            else
            {
                if (IsFree(type))
                    Want(type);
                return false;
            }
            return true;
        });
    }

    // Another region that is taking over is not disturbed while it may succeed.
    private bool IsFree(TypePrimary type) => type.Record.IsStarted || (type.UnreachableSinceMilliseconds is { } since
        && Now - since >= PatienceOf(type));
}
