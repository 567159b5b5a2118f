using System.Collections.Frozen;
using System.Globalization;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Commands, and reads at the primary, of entities that another region is the primary of.</summary>
/// <remarks>
/// <para>1. A region that is not the primary asks it, on the link that it has dialled: the ways between regions are the
/// same for events and for questions. 2. The primary's shell makes a request of it, which is carried out like any other
/// there, and sends the answer on that link. 3. Who was asked does not ask on: it refuses, so that no question goes
/// round in a circle while regions disagree about the primary.</para>
/// <para>A question that was never sent has changed nothing, and its failure says so. One that was sent and not
/// answered is sent again when a link stands again, if that is harmless: reads, and commands with an idempotency key.
/// Of any other nobody knows whether it was carried out, and its failure says that.</para>
/// </remarks>
internal sealed partial class Forwards(KernelContext context, PeerLinks links)
{
    // A kernel looks at what has waited too long every so often.
    private const int LateMilliseconds = 250;

    private readonly SortedDictionary<long, Forward> open = [];

    private long Now => context.Now.MonotonicMilliseconds;

    private string Own => context.Options.Region;

    /// <summary>Questions that wait for an answer.</summary>
    public int Count => open.Count;

    /// <summary>True when the request is not for this region to carry out: it is refused, or sent on.</summary>
    public bool Take(EntityRequest request)
    {
        var mode = context.ModeOf(request.Entity.Type);
        var isRead = request is ReadRequest;
        if (mode.IsLocal && request.CameFromPeer)
            return Refuse(request, WithoutPrimary(request.Entity.Type)); // what stays here is not shown to others
        if (!links.Serves(request.Entity) && TakeFiltered(request, mode))
            return true;
        if (request is ReadRequest { AtPrimary: false } || mode.IsLocal)
            return false;
        if (isRead && request.CameFromPeer && mode.Primary is null
            && (context.Filters.Of(request.Entity.Type).Epoch > 0
                || context.TypeOf(request.Entity.Type).HasRegions))
            return false; // it is asked instead of a region that is left out
        if (mode.Kind == EntityModeKind.Replicated)
            return isRead && Refuse(request, WithoutPrimary(request.Entity.Type));
        // Who was removed does not know what was acknowledged since, nor who is the primary by now.
        if (context.Closed is { } removed && (isRead || mode.Primary != Own))
            return Refuse(request, removed);
        if (mode.Primary is not { } primary)
            return Refuse(request, Closed(request.Entity.Type));
        if (context.Primaries.Of(request.Entity.Type) is { } moving)
        {
            if (context.Primaries.Take(moving, request, out var elsewhere))
                return true;
            if (elsewhere is null)
                return false;
            primary = elsewhere;
        }
        else if (primary == Own || context.IsAlone)
        {
            return false; // who runs alone, on a developer's machine for example, is the primary of all that it has
        }
        if (request.CameFromPeer || (!isRead && mode.Elsewhere == Elsewhere.Refuse))
            return Refuse(request, PrimaryIs(request.Entity.Type, primary));
        if (!context.Members.Contains(primary))
            return Refuse(request, Unknown(request.Entity.Type, primary));
        return Open(new Forward(request, primary) { SinceMilliseconds = Now });
    }

    private bool Open(Forward forward)
    {
        if (open.Count >= context.Options.MaxForwards)
            return Refuse(forward.Request, Full());
        var number = links.NextRequest();
        open.Add(number, forward);
        Send(number, forward);
        return true;
    }

    // 1 what others may be asked for  2 the primary, where there is one  3 whoever has the entity
    private bool TakeFiltered(EntityRequest request, EntityMode mode)
    {
        if (context.Closed is { } removed)
            return Refuse(request, removed);
        var (isReplicated, isForAnyRegion) = (mode.Kind == EntityModeKind.Replicated, mode.Primary is null);
        if (!isReplicated && (request is CommandRequest or ReadRequest { AtPrimary: true }) && mode.Primary != Own)
            return false; // it is for the primary anyway
        if (isReplicated && !request.CameFromPeer && request is ReadRequest { AtPrimary: true })
            return Refuse(request, WithoutPrimary(request.Entity.Type));
        var target = isForAnyRegion ? links.WhoServes(request.Entity, FrozenSet<string>.Empty) : mode.Primary;
        if (request.CameFromPeer || target is null || target == Own
            || request is CommandRequest { Forwardable: null })
            return Refuse(request, Filtered(request.Entity.Type, target));
        context.Hit(Probe.FilteredForwarded);
        return Open(new Forward(request, target) { SinceMilliseconds = Now, IsForAnyRegion = isForAnyRegion });
    }

    private Failure Filtered(string type, string? target)
    {
        var why = context.Filters.AdmitsHere(type) ? "was left out until now, and is being sent what it lacks"
            : "is left out by the type's filter";
        return new Failure(ErrorCodes.Filtered,
            $"Region '{Own}' does not have entities of type '{type}': it {why}; nothing was changed.",
            target is null ? "Try again: at present no region that has them can be reached."
                : $"Ask region '{target}'.");
    }

    /// <summary>Sends what can be sent, and ends what has waited too long.</summary>
    public void Tick()
    {
        if (open.Count == 0)
            return;
        foreach (var (number, forward) in open.ToArray())
        {
            if (forward.Request.DeadlineMilliseconds <= Now)
                End(number, Late(forward));
            else if (forward.Link is null)
                Wait(number, forward);
        }
    }

    private void Wait(long number, Forward forward)
    {
        if (forward.IsForAnyRegion)
            forward.Primary = WhoServes(forward) ?? forward.Primary;
        if (links.Way(forward.Primary) is not null)
            Send(number, forward);
        else if (Now - forward.SinceMilliseconds >= context.Options.PrimaryPatienceMilliseconds
            && !TakeBack(number, forward, context.Primaries.TakeOver))
            End(number, Late(forward));
    }

    // What has changed nothing, or may be done twice, need not be carried out by the region that was meant at first.
    private bool TakeBack(long number, Forward forward, Func<EntityRequest, bool> take)
    {
        if ((forward.Request.WasSent && !forward.IsHarmless) || !take(forward.Request))
            return false;
        open.Remove(number);
        return true;
    }

    /// <summary>A type has another primary: what waits for a link to the former one is thought over.</summary>
    public void Moved(string type)
    {
        foreach (var (number, forward) in open.Where(f => f.Value.Link is null
            && f.Value.Request.Entity.Type == type).ToArray())
            TakeBack(number, forward, context.Primaries.Reconsider);
    }

    private void Send(long number, Forward forward)
    {
        if (links.Way(forward.Primary) is not { } link)
            return;
        if (!links.TakesAsks(forward.Primary))
        {
            End(number, TooOld(forward.Primary));
            return;
        }
        if (Frame(number, forward) is not { } frame)
            return;
        (forward.Link, forward.Request.WasSent) = (link, true);
        context.Hit(Probe.Forwarded);
        context.Emit(new SendFrame(link, frame));
    }

    // What the primary says at its own deadline is more precise than that nothing was heard: it has to arrive.
    private int PatienceOf(Forward forward)
    {
        var left = Math.Clamp(forward.Request.DeadlineMilliseconds - Now, 1, int.MaxValue);
        var trip = (long)Math.Max(0, links.RoundTripMilliseconds(forward.Primary)) + LateMilliseconds;
        return (int)Math.Max(left - trip, (left + 1) / 2);
    }

    private AskFrame? Frame(long number, Forward forward)
    {
        var (request, patience) = (forward.Request, PatienceOf(forward));
        if (request is not CommandRequest command)
            return new AskFrame(number, request.Entity, "", default, patience) { Condition = request.Condition };
        byte[] payload;
        try
        {
            payload = command.Forwardable!.Encode();
        }
        catch (Exception error) // a user's serializer
        {
            context.Emit(new ServiceCodeFailed(request.Entity.Type, error,
                context.TypeOf(request.Entity.Type).HasPersonalMembers));
            End(number, new Failure(ErrorCodes.CommandFailed,
                $"The command for '{request.Entity.Type}' could not be written: {error.GetType().Name}.",
                "See the service's log."));
            return null;
        }
        if (payload.Length > EventLimits.MaxPayloadBytes)
        {
            End(number, new Failure(ErrorCodes.EventTooLarge,
                $"The command has {payload.Length} bytes, and its entity's primary is another region.",
                $"Send at most {EventLimits.MaxPayloadBytes} bytes."));
            return null;
        }
        return new AskFrame(number, request.Entity, command.Forwardable!.Name, payload, patience)
        {
            IdempotencyKey = command.IdempotencyKey, Fingerprint = command.Forwardable.Fingerprint,
            Acknowledgement = command.Acknowledgement, TraceParent = command.TraceParent,
            Condition = command.Condition,
        };
    }

    /// <summary>The primary has answered.</summary>
    public void Answered(PeerLink link, AnswerFrame answer)
    {
        if (!open.TryGetValue(answer.Request, out var forward) || forward.Link != link.Id)
            return; // it came too late
        if (answer.Failure?.Error == ErrorCodes.Filtered && AskNext(answer.Request, forward))
            return;
        var request = forward.Request;
        // The other side has changed nothing: it is not the primary any more, or not yet.
        if (answer.Failure?.Error == ErrorCodes.NotPrimary && context.Primaries.Reconsider(request))
        {
            open.Remove(answer.Request);
            return;
        }
        WritePoint[] points = [.. answer.Points.Select(p
            => new WritePoint(request.Entity, p.Origin, p.Sequence, request.Entity.Lane, p.Position))];
        if ((answer.Failure ?? OtherVersion(forward, answer)) is { } failure)
        {
            Complete(answer.Request, new RequestResult(null, failure, points));
            return;
        }
        var session = context.Subjects.Session;
        session.Begin(request.Entity, null, 0);
        try
        {
            var value = Read(request, answer);
            if (session.IsLacking)
                ReadAgain(link, answer, request);
            else
                Complete(answer.Request, new RequestResult(value, null, points));
        }
        catch (Exception) when (session.IsLacking) // on what was not there
        {
            ReadAgain(link, answer, request);
        }
        catch (Exception error) // a user's serializer or projection
        {
            // What the handler in the other region had in its hands nobody knows here: its reply may tell it.
            context.Emit(new ServiceCodeFailed(request.Entity.Type, error, request is CommandRequest
                || session.SawPersonal || context.TypeOf(request.Entity.Type).HasPersonalMembers));
            Complete(answer.Request, new RequestResult(null, new Failure(ErrorCodes.CommandFailed,
                $"The answer of region '{forward.Primary}' for '{request.Entity.Type}' could not be used: "
                + $"{error.GetType().Name}. What was asked for is done.", "See the service's log."), points));
        }
        finally
        {
            session.End();
        }
    }

    // Its projection opens what this region has keys for; they have to be in memory.
    private void ReadAgain(PeerLink link, AnswerFrame answer, EntityRequest request)
        => context.Subjects.Prepare(request, failure =>
        {
            if (failure is null)
                Answered(link, answer);
            else if (open.ContainsKey(answer.Request))
                End(answer.Request, failure);
        });

    private object? Read(EntityRequest request, AnswerFrame answer)
    {
        if (request is CommandRequest command)
            return command.Forwardable!.DecodeReply(answer.Value);
        var type = context.TypeOf(request.Entity.Type);
        var seen = VersionVector.From([.. answer.Points.Where(p => p.Sequence > 0)
            .Select(p => new VersionVector.Slot(p.Origin, p.Sequence))]);
        return ((ReadRequest)request).Project(new EntityView(
            type.DecodeState(answer.Value.Span), seen, answer.Count, answer.Highest, [])
        {
            Sealing = context.Subjects.Session,
        });
    }

    /// <summary>A link is gone. What was asked on it and may be asked twice is asked again.</summary>
    public void Forget(PeerLink link)
    {
        foreach (var (number, forward) in open.Where(f => f.Value.Link == link.Id).ToArray())
        {
            (forward.Link, forward.SinceMilliseconds) = (null, Now);
            if (!forward.IsHarmless)
                End(number, Unanswered(forward.Primary));
            else
                context.Hit(Probe.ForwardedAgain);
        }
    }

    private void End(long number, Failure failure) => Complete(number, new RequestResult(null, failure, []));

    private void Complete(long number, in RequestResult result)
    {
        open.Remove(number, out var forward);
        Emit(forward!.Request, result);
    }

    private bool Refuse(EntityRequest request, Failure failure)
    {
        Emit(request, new RequestResult(null, failure, []));
        return true;
    }

    /// <summary>Ends a request that nobody carries out.</summary>
    public static void Emit(KernelContext context, EntityRequest request, Failure failure)
        => Emit(context, request, new RequestResult(null, failure, []));

    private void Emit(EntityRequest request, in RequestResult result) => Emit(context, request, result);

    /// <summary>Ends a request.</summary>
    public static void Emit(KernelContext context, EntityRequest request, in RequestResult result)
    {
        if (request.Done is { } done)
            done(result);
        else
            context.Emit(request is CommandRequest command ? new CommandDone(command, result)
                : new ReadDone((ReadRequest)request, result));
    }

    private static Failure WithoutPrimary(string type) => new(ErrorCodes.NoPrimary,
        $"Entities of type '{type}' have no primary: every region takes their commands.",
        "Read without asking for the primary, under a causality token where it matters.");

    private static Failure Closed(string type) => new(ErrorCodes.NoPrimary,
        $"No region takes commands for entities of type '{type}' at present; nothing was changed.",
        "Its mode is 'none': deploy a version of the service that names a primary, or none of these modes.");

    private static Failure PrimaryIs(string type, string primary) => new(ErrorCodes.NotPrimary,
        $"Region '{primary}' is the primary of entities of type '{type}'; nothing was changed.",
        $"Send the command to region '{primary}'.");

    private Failure Unknown(string type, string primary) => new(ErrorCodes.PrimaryUnreachable,
        $"Entities of type '{type}' are pinned to region '{primary}', which is not a member of the group; nothing was "
        + "changed.", $"Members: {string.Join(", ", context.Members)}.");

    private Failure Full() => new(ErrorCodes.Overloaded,
        string.Create(CultureInfo.InvariantCulture,
            $"More than {context.Options.MaxForwards} requests wait for answers of other regions."),
        "Try again with a growing pause.");

    private static Failure TooOld(string primary) => new(ErrorCodes.PrimaryUnreachable,
        $"Region '{primary}' runs a version of Pelago that takes no commands from other regions; nothing was changed.",
        $"Upgrade region '{primary}' first.");

    // A command that was sent may have been carried out, also when it could be sent again.
    private Failure Late(Forward forward)
        => forward.Request is CommandRequest { WasSent: true } ? Unanswered(forward.Primary) : Unreachable(forward);

    private Failure Unreachable(Forward forward) => forward.Regions is { } rule
        ? Filtered(forward.Request.Entity, rule, isFor: false, null) : forward.IsForAnyRegion
        ? Filtered(forward.Request.Entity.Type, null) : new(ErrorCodes.PrimaryUnreachable,
        $"Region '{Own}' does not reach region '{forward.Primary}', the primary of entities of type "
        + $"'{forward.Request.Entity.Type}'; nothing was changed.",
        $"Try again, or read what region '{Own}' has. See 'pelago status' for the way between the two.");

    private Failure? OtherVersion(Forward forward, AnswerFrame answer)
    {
        var own = context.TypeOf(forward.Request.Entity.Type).StateVersion;
        return forward.Request is CommandRequest || answer.StateVersion == own ? null : new Failure(
            ErrorCodes.InvalidEntityType,
            string.Create(CultureInfo.InvariantCulture, $"Region '{forward.Primary}' showed a state of version {
                answer.StateVersion}, and this build reads version {own} of '{forward.Request.Entity.Type}'."),
            "Deploy the same version in every region, or read locally meanwhile.");
    }

    /// <summary>Nobody knows whether the command was carried out.</summary>
    public static Failure Unanswered(string primary) => new(ErrorCodes.PrimaryUnanswered,
        $"Region '{primary}' was asked and has not answered in time; the command may have been carried out.",
        "Read the entity for its result, or send commands with an idempotency key: those can be repeated.");

    private sealed class Forward(EntityRequest request, string primary)
    {
        public EntityRequest Request { get; } = request;
        public string Primary { get; set; } = primary;

        /// <summary>It is asked because it has the entity, and any other that has it will do as well.</summary>
        public bool IsForAnyRegion { get; init; }

        /// <summary>The entity's own filter, when it is because of that.</summary>
        public EntityFilter? Regions { get; init; }

        /// <summary>Regions that were asked and did not have the entity.</summary>
        public IReadOnlySet<string> InVainAt { get; set; } = FrozenSet<string>.Empty;

        /// <summary>On which it was sent; null when it waits for a link.</summary>
        public long? Link { get; set; }

        public long SinceMilliseconds { get; set; }

        /// <summary>Asked twice it is carried out once.</summary>
        public bool IsHarmless => Request is not CommandRequest { IdempotencyKey.Length: 0 };
    }
}
