using System.Collections.Frozen;
using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>Requests for entities that are not for this region, or not whole here: any region that has the entity
/// answers.</remarks>
internal sealed partial class Forwards
{
    /// <summary>Sends on a request for an entity that is not here, or refuses it.</summary>
    /// <param name="isFor">The entity is for this region, and is being sent.</param>
    public void TakeElsewhere(EntityRequest request, EntityFilter rule, bool isFor)
    {
        if (context.Closed is { } removed)
        {
            Refuse(request, removed);
            return;
        }
        var target = links.WhoServes(rule, FrozenSet<string>.Empty);
        if (request.CameFromPeer || target is null || request is CommandRequest { Forwardable: null })
        {
            Refuse(request, Filtered(request.Entity, rule, isFor, target));
            return;
        }
        context.Hit(Probe.EntityForwarded);
        Open(new Forward(request, target) { SinceMilliseconds = Now, IsForAnyRegion = true, Regions = rule });
    }

    private string? WhoServes(Forward forward) => forward.Regions is { } rule
        ? links.WhoServes(rule, forward.InVainAt) : links.WhoServes(forward.Request.Entity, forward.InVainAt);

    // The region that was asked has changed nothing: it is itself being sent what it lacks, or knows of another rule.
    // Each is asked once.
    private bool AskNext(long number, Forward forward)
    {
        if (!forward.IsForAnyRegion)
            return false;
        forward.InVainAt = new HashSet<string>(forward.InVainAt, StringComparer.Ordinal) { forward.Primary };
        if (WhoServes(forward) is not { } next)
            return false;
        (forward.Primary, forward.Link, forward.SinceMilliseconds) = (next, null, Now);
        Send(number, forward);
        return true;
    }

    private Failure Filtered(EntityKey entity, EntityFilter rule, bool isFor, string? target) => new(
        ErrorCodes.Filtered,
        $"Region '{Own}' does not have {entity}, which is for {rule}: it "
        + (isFor ? "is being sent what was withheld" : "is left out") + "; nothing was changed.",
        target is null ? "Try again: at present no region that has it can be reached."
            : $"Ask region '{target}', or try again.");
}
