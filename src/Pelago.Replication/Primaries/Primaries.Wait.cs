using System.Globalization;
using Pelago.Model;

namespace Pelago.Replication;

// Requests that wait until it is known who carries them out.
internal sealed partial class Primaries
{
    private const int DispatchPauseMilliseconds = 250;
    private int waitingCount;

    /// <summary>True when the request is not carried out here now: it waits, was refused, or moves the type. False when
    /// it is carried out here, or <paramref name="elsewhere"/>.</summary>
    public bool Take(TypePrimary type, EntityRequest request, out string? elsewhere)
    {
        elsewhere = null;
        if (IsAlone)
            return false;
        var record = type.Record;
        if (record.Region == Own)
            return !(record.IsStarted && type.IsConfirmed) && Wait(type, request);
        if (request.CameFromPeer)
        {
            type.IsDoubted = true; // whoever sent it may know better
            elsewhere = record.Region;
            return false;
        }
        var isWrite = request is CommandRequest;
        if (type.IsWanted || !record.IsStarted)
            return Wait(type, request);
        if (isWrite && MayWin(type) && (IsLost(type)
            || (context.ModeOf(type.Type).Elsewhere == Elsewhere.Forward && IsRested(type))))
        {
            Want(type);
            return Wait(type, request);
        }
        elsewhere = record.Region;
        return false;
    }

    /// <summary>The primary cannot be reached: a write moves the type here. True when the request waits for that.
    /// </summary>
    public bool TakeOver(EntityRequest request)
    {
        if (request is not CommandRequest || Of(request.Entity.Type) is not { } type
            || (type.Record.Region != Own && !MayWin(type)))
            return false;
        Want(type);
        return Wait(type, request);
    }

    /// <summary>Another region says that it is not the primary: the request waits until it is known who is.</summary>
    public bool Reconsider(EntityRequest request)
    {
        if (Of(request.Entity.Type) is not { } type || request.DeadlineMilliseconds <= Now)
            return false;
        type.IsDoubted = true;
        return Wait(type, request);
    }

    // It was not moved a moment ago: two regions that both write would do nothing but move it.
    private bool IsRested(TypePrimary type) => type.Record.IsStarted && kernel.Links.Way(type.Record.Region) is not null
        && Now - type.SinceMilliseconds >= context.Options.PrimaryRestMilliseconds;

    private bool IsLost(TypePrimary type) => !context.Members.Contains(type.Record.Region)
        || (type.UnreachableSinceMilliseconds is { } since
            && Now - since >= context.Options.PrimaryPatienceMilliseconds);

    private bool Wait(TypePrimary type, EntityRequest request)
    {
        if (waitingCount >= context.Options.MaxForwards)
        {
            Forwards.Emit(context, request, new Failure(ErrorCodes.Overloaded,
                string.Create(CultureInfo.InvariantCulture,
                    $"More than {context.Options.MaxForwards} requests wait for a primary."),
                "Try again with a growing pause."));
            return true;
        }
        waitingCount++;
        type.Waiting.Add(request);
        return true;
    }

    private void TendWaiting(TypePrimary type)
    {
        var record = type.Record;
        var isReachable = record.Region == Own || kernel.Links.Way(record.Region) is not null;
        type.UnreachableSinceMilliseconds = isReachable && record.IsStarted ? null
            : type.UnreachableSinceMilliseconds ?? Now;
        if (record.Region == Own || type.Waiting.Count == 0)
            return;
        if (type.UnreachableSinceMilliseconds is { } since && Now - since >= PatienceOf(type) && MayWin(type)
            && type.Waiting.Exists(w => w is CommandRequest))
            Want(type);
        else if (!type.IsWanted && record.IsStarted && isReachable && Now >= type.NextDispatchMilliseconds)
            Dispatch(type);
    }

    // Whoever is about to be the primary gets more time: it may have to wait a lease out.
    private long PatienceOf(TypePrimary type) => context.Options.PrimaryPatienceMilliseconds
        + (type.Record.IsStarted ? 0 : 2 * Terms.WaitedMilliseconds);

    private void ExpireWaiting()
    {
        foreach (var type in types.Values.Where(t => t.Waiting.Count > 0))
        {
            foreach (var late in type.Waiting.Where(w => w.DeadlineMilliseconds <= Now).ToArray())
            {
                waitingCount--;
                type.Waiting.Remove(late);
                Forwards.Emit(context, late, late is CommandRequest { WasSent: true }
                    ? Forwards.Unanswered(type.Record.Region) : Late(type));
            }
        }
    }

    private void Dispatch(TypePrimary type)
    {
        type.NextDispatchMilliseconds = Now + DispatchPauseMilliseconds;
        EntityRequest[] waiting = [.. type.Waiting];
        type.Waiting.Clear();
        waitingCount -= waiting.Length;
        foreach (var request in waiting)
            kernel.Give(request);
    }

    private Failure Late(TypePrimary type) => type.Record.Region == Own
        ? new Failure(ErrorCodes.PrimaryUnreachable,
            $"Region '{Own}' is the primary of entities of type '{type.Type}' or about to be it, and no majority of "
            + "the regions has confirmed that in time; nothing was changed.",
            "Try again once more than half of the regions reach each other; see 'pelago status'.")
        : new Failure(ErrorCodes.PrimaryUnreachable,
            $"Region '{type.Record.Region}' is the primary of entities of type '{type.Type}' and could not be reached "
            + $"or replaced by region '{Own}' in time; nothing was changed.",
            "Try again; a primary is replaced once more than half of the regions reach each other.");

    /// <summary>What a primary that has lost its majority answers to a read of the newest state.</summary>
    public Failure WithoutLease(string type) => new(ErrorCodes.LeaseLost,
        $"Region '{Own}' is the primary of entities of type '{type}' as far as it knows, and no majority of the "
        + "regions has confirmed it of late: another region may have replaced it.",
        "Try again, or read without asking for the primary.");

    /// <summary>The primary changed between a command and its answer.</summary>
    public Failure Moved(string type) => new(ErrorCodes.PrimaryMoved,
        $"Region '{Own}' was replaced as the primary of entities of type '{type}' while the command was under way; its "
        + "events may not count.",
        "Read the entity for its result, or repeat the command with its idempotency key: it is not done twice.");
}
