using Pelago.Model;

namespace Pelago.Replication;

internal sealed partial class LaneReplica
{
    /// <summary>Takes a command (load → condition → handler → stamp → group; answered once its group is durable) or a
    /// read (load → condition → projection; answered once everything it saw is durable).</summary>
    /// <remarks>Nothing on this way captures what it is given: a closure for each request is what a write would
    /// allocate most.</remarks>
    public void Ask(EntityRequest request)
    {
        var entity = InMemory(request.Entity);
        if (entity.IsReadable)
            When(entity, request);
        else
            Defer(entity, request);
    }

    private void Defer(EntityReplica entity, EntityRequest request) => entity.Defer(e => When(e, request));

    private void When(EntityReplica entity, EntityRequest request)
    {
        var isHeld = IsHeldForPeers(entity, request);
        if (!isHeld && IsMet(entity, request.Condition))
        {
            Run(entity, request);
            return;
        }
        if (!isHeld && Beyond(entity, request.Condition) is { } lost)
        {
            Fail(request, lost);
            return;
        }
        context.Hit(isHeld ? Probe.WriteHeldForPeers : Probe.TokenWaited);
        entity.Wait(request);
        waitingCount++;
    }

    private void Run(EntityReplica entity, EntityRequest request)
    {
        if (!Serves(entity.Key.Type))
        {
            links.Forwards.Take(request); // its filter has changed while it waited
            return;
        }
        if (!ServesEntity(entity))
        {
            links.Forwards.TakeElsewhere(
                request, entity.Regions ?? EntityFilter.None, entity.IsFor(context.Options.Region));
            return;
        }
        if (request is CommandRequest command)
            Execute(entity, command);
        else
            Answer(entity, (ReadRequest)request);
    }

    private bool IsMet(EntityReplica entity, ReadCondition condition)
    {
        foreach (var slot in condition.Sequences)
        {
            if (entity.Seen[slot.Origin] < slot.Count && !StaysElsewhere(entity, slot.Origin))
                return false;
        }
        foreach (var frontier in condition.Positions)
        {
            if (Holds(frontier.Origin) < frontier.Position
                || Misses(entity.Key.Type, frontier.Origin, frontier.Position))
                return false;
        }
        return true;
    }

    private void Answer(EntityReplica entity, ReadRequest request)
    {
        if (Fenced)
        {
            Fail(request, Deposed);
            return;
        }
        _ = entity.Fold.State; // folds, and so finds out whether the entity is parked
        var (value, failure) = (default(object), entity.IsShownForgotten ? null : entity.Unusable);
        var session = context.Subjects.Session;
        session.Begin(entity.Key, null, 0);
        try
        {
            if (failure is null)
                value = request.Project(entity.View(session));
        }
        catch (Exception) when (session.IsLacking)
        {
            // On what was not there: it runs again.
        }
        catch (Exception error) // a user's projection: whatever it throws concerns this read alone
        {
            ServiceFailed(entity, error);
            failure = new Failure(ErrorCodes.CommandFailed,
                $"Reading '{entity.Key.Type}' failed with {error.GetType().Name}.", "See the service's log.");
        }
        session.End();
        if (session.IsLacking)
        {
            RunAgain(request);
            return;
        }
        var completion = new Completion(request, entity, value, failure, null, entity.Seen);
        if (request.AtPrimary)
            filling.Completions.Add(completion); // a group shows that the lane was still this instance's
        else
            AfterDurable(completion);
    }

    // What the state contains must be durable before anybody is told of it.
    private void AfterDurable(in Completion completion)
    {
        if (completion.Entity.Pending == 0)
            Give(completion);
        else
            completion.Entity.NewestGroup!.Completions.Add(completion);
    }

    private void Give(in Completion done)
    {
        var result = done.Failure is { } failure ? new RequestResult(null, failure, [])
            : new RequestResult(done.Value, null,
                done.Written is { } last ? [PointOf(last)] : Points(done.Entity, done.Seen));
        if (done.Entity.Type.Mode.Moves && GiveOfMoving(done, result))
            return;
        if (done.Request is not CommandRequest command || !Await(done, command, result))
            Emit(done.Request, result);
    }

    private void Execute(EntityReplica entity, CommandRequest request)
    {
        if (Fenced)
        {
            Fail(request, Deposed); // it would wait for a group that is never handed over
            return;
        }
        if (context.Closed is { } closed)
        {
            Fail(request, closed); // it had waited, for its entity perhaps
            return;
        }
        if (entity.Type.Mode.Moves && !context.Primaries.Writes(entity.Key.Type))
        {
            links.Forwards.Take(request); // the primary has changed while it waited
            return;
        }
        _ = entity.Fold.State;
        if (entity.Unusable is { } parked)
        {
            Fail(request, parked);
            return;
        }
        if (request.IdempotencyKey.Length > 0
            && entity.WasAnswered(request.IdempotencyKey, context.AuthorMilliseconds))
        {
            Repeat(entity, request);
            return;
        }
        if (writer.Demand() is not { } origin)
        {
            waitingForWriter.Add(request); // what it had waited for may be gone with a group by then
            return;
        }
        if (Decide(entity, request, origin) is not { } decision)
            return;
        if (RefuseRegions(entity, request, decision) is { } refused)
        {
            Fail(request, refused);
            return;
        }
        if (decision.Rejection is not null || decision.Events.Count == 0)
            Complete(entity, request, decision, [], isFirst: true);
        else
            Write(entity, request, decision, origin);
    }

    // Null when the request is over, or waits for keys of subjects and runs again.
    private Decision? Decide(EntityReplica entity, CommandRequest request, Origin? origin)
    {
        var session = context.Subjects.Session;
        session.Begin(entity.Key, origin, origin is null ? 1 : entity.Seen.Named(origin) + 1);
        var decision = Handle(entity, request, session);
        session.End();
        if (session.Refusal is { } refused)
        {
            Fail(request, refused);
            return null;
        }
        if (!session.IsLacking)
            return decision;
        RunAgain(request);
        return null;
    }

    private Decision? Handle(EntityReplica entity, CommandRequest request, SealingSession session)
    {
        try
        {
            var decision = request.Handle(entity.Fold.State, request.Command, new CommandContext(
                entity.Key.Id, context.Options.Region, context.Members, context.AuthorMilliseconds,
                entity.Count) { Sealing = session });
            return decision is { Events: not null, Reply: not null, Tags: not null } ? decision
                : throw new InvalidOperationException("The handler returned an effect that nobody made.");
        }
        catch (Exception) when (session.IsLacking || session.Refusal is not null)
        {
            return null; // on what was not there
        }
        catch (Exception error) // a user's handler: whatever it throws concerns this command alone
        {
            ServiceFailed(entity, error);
            Fail(request, new Failure(ErrorCodes.CommandFailed,
                $"The command handler of '{entity.Key.Type}' failed with {error.GetType(
                ).Name}.", "See the service's log."));
            return null;
        }
    }

    private void Write(EntityReplica entity, CommandRequest request, Decision decision, Origin origin)
    {
        if (Stamp(entity, request, decision, origin, out var failure) is not { } events)
        {
            Fail(request, failure!);
            return;
        }
        for (var i = 0; i < events.Length; i++)
        {
            entity.Admit(events[i], decision.Events[i]);
            AddRow(entity, events[i], own: true);
        }
        if (request.Command is MakeSubjectKey made)
            KeepKey(entity, made.Key);
        TendSubject(entity);
        if (entity.Type.Mode.IsLocal)
            KeepHere(entity.Key.Type, origin);
        Complete(entity, request, decision, events, isFirst: true);
    }

    private EventRecord[]? Stamp(
        EntityReplica entity, CommandRequest request, Decision decision, Origin origin, out Failure? failure)
    {
        var vector = Retire(entity);
        failure = CheckRoom(entity, origin, vector);
        if (failure is not null)
            return null;
        var events = new EventRecord[decision.Events.Count];
        // Whatever the mode is now: events of an epoch that has ended may be left out.
        var epoch = context.Primaries.EpochOf(entity.Key.Type);
        var (timestamp, bytes, regions) = (entity.Highest, 0L, RegionsAfter(entity, decision));
        try
        {
            for (var i = 0; i < events.Length; i++)
            {
                var payload = entity.Type.Encode(decision.Events[i]);
                bytes += payload.Bytes.Length;
                vector = vector.With(origin, vector.Named(origin) + 1);
                timestamp = HybridTimestamp.After(timestamp, context.AuthorMilliseconds);
                var isTold = decision.Events[i] is RegionsChange; // to those whom it leaves out, too
                events[i] = new EventRecord
                {
                    Entity = entity.Key, Origin = origin, Sequence = vector[origin], Vector = vector,
                    Timestamp = timestamp, Epoch = epoch, BatchIndex = i, BatchLength = events.Length,
                    Tags = isTold ? [] : decision.Tags, TraceParent = isTold ? "" : request.TraceParent,
                    IdempotencyKey = isTold && events.Length > 1 ? "" : request.IdempotencyKey,
                    PayloadName = payload.Name, PayloadVersion = payload.Version, Payload = payload.Bytes,
                    Regions = regions,
                };
                if (payload.Bytes.Length > EventLimits.MaxPayloadBytes)
                    bytes = long.MaxValue / 2;
            }
            if (events.Length > EventLimits.MaxBatchLength || bytes > EventLimits.MaxBatchBytes
                || decision.Tags.Count > EventLimits.MaxTags
                || decision.Tags.Any(t => t.Length > EventLimits.MaxNameLength))
            {
                failure = new Failure(ErrorCodes.EventTooLarge,
                    $"The command made {events.Length} events of {Math.Min(bytes, int.MaxValue)} bytes.",
                    $"At most {EventLimits.MaxBatchLength} events, {EventLimits.MaxPayloadBytes} bytes each, "
                    + $"{EventLimits.MaxBatchBytes} bytes and {EventLimits.MaxTags} tags together.");
                return null;
            }
            if (entity.Fold.RefusalOf(events, decision.Events) is { } refusal)
            {
                failure = new Failure(ErrorCodes.CommandFailed, $"The entity refuses its own event: {refusal}.",
                    "The command handler should have rejected the command.");
                return null;
            }
        }
        catch (Exception error) // a user's serializer or event handler
        {
            ServiceFailed(entity, error);
            failure = error is PelagoException known ? known.Failure : new Failure(ErrorCodes.CommandFailed,
                $"An event of '{entity.Key.Type}' could not be made: {error.GetType(
                ).Name}.", "See the service's log.");
            return null;
        }
        return events;
    }

    private static Failure? CheckRoom(EntityReplica entity, Origin origin, VersionVector vector)
    {
        if (entity.Highest.Value > HybridTimestamp.MaxAccepted.Value - EventLimits.MaxBatchLength)
        {
            return new Failure(ErrorCodes.NoLaterTimestamp,
                $"{entity.Key} has an event of the last timestamp that there is: no region can write to it.",
                "Find the region that wrote it, whose clock or build is wrong, and use another entity.");
        }
        return vector.Count + vector.Retired.Length < EventLimits.MaxVectorSlots || entity.Seen[origin] > 0 ? null
            : new Failure(ErrorCodes.TooManyLives,
                $"{entity.Key} was written in {vector.Count} lives of its regions' journals that may not be over, the "
                + "most that an event names.",
                "Bring back the members that are away: lives that all of them know to be over do not count. Find out "
                + "why journals begin new lives so often: see 'pelago logs'.");
    }

    private void Complete(
        EntityReplica entity, CommandRequest request, Decision decision, EventRecord[] events, bool isFirst)
    {
        if (decision.Rejection is { } rejection)
        {
            AfterDurable(new Completion(request, entity, null, rejection, null, entity.Seen));
            return;
        }
        object? reply;
        try
        {
            reply = decision.Reply(entity.Fold.State);
            if (isFirst && request is { IdempotencyKey.Length: > 0, EncodeReply: { } encode })
            {
                // A reply to a handler that had something personal in its hands may tell it, and would outlive the key.
                var isKept = !context.Subjects.Session.SawPersonal;
                Remember(entity, new RememberedReply(entity.Key, request.IdempotencyKey, encode(reply, isKept))
                {
                    AtMilliseconds = events.Length > 0 ? 0 : context.AuthorMilliseconds,
                    Batch = events.Length > 0 ? BatchId.Of(events[0]) : null,
                });
            }
        }
        catch (Exception error) // a user's reply function; the events stand
        {
            ServiceFailed(entity, error);
            Fail(request, new Failure(ErrorCodes.CommandFailed,
                $"The reply of '{entity.Key.Type}' failed with {error.GetType().Name}; the command itself is done.",
                "See the service's log."));
            return;
        }
        AfterDurable(new Completion(request, entity, reply, null, events is [.., var last] ? last : null, entity.Seen));
    }

    // A reply without events is as good as a row: its answer waits for it, and if the group fails, the entity is read
    // again. Otherwise a late copy of an answered request would be carried out.
    private void Remember(EntityReplica entity, RememberedReply reply)
    {
        if (reply.AtMilliseconds > 0)
        {
            Touch(entity);
            foreach (var key in entity.Replies.ForgetEventless(
                reply.AtMilliseconds, context.Options.MaxEventlessReplies - 1))
            {
                // A journal forgets before it remembers: what came and goes with one group is not handed to it.
                filling.Replies.RemoveAll(r => r.IdempotencyKey == key && r.Entity == entity.Key);
                filling.Forgotten.Add(new ForgottenReply(entity.Key, key));
            }
        }
        entity.Replies.Add(reply);
        filling.Replies.Add(reply);
    }

    // A key that was used before: the reply of that time, or, where the batch that counts is another region's, one made
    // from the state. What was answered here for one that does not count would name what is nowhere.
    private void Repeat(EntityReplica entity, CommandRequest request)
    {
        context.Hit(Probe.CommandRepeated);
        if (entity.Replies.TryGet(request.IdempotencyKey, out var remembered) && request.DecodeReply is { } decode
            && IsOfWhatCounts(entity, remembered))
        {
            Repeat(entity, request, decode, remembered.Reply);
            return;
        }
        if (Decide(entity, request, origin: null) is not { } decision)
            return;
        if (decision.Rejection is null)
        {
            Complete(entity, request, decision, [], isFirst: false);
            return;
        }
        var done = new Failure(ErrorCodes.AlreadyDone,
            "The command with this idempotency key was done already, in another region.",
            "Read the entity for its result.");
        AfterDurable(new Completion(request, entity, null, done, null, entity.Seen));
    }

    private static bool IsOfWhatCounts(EntityReplica entity, RememberedReply remembered)
        => entity.Fold.OwnerOf(remembered.IdempotencyKey) is not { } owner
            || (remembered.Batch is { } batch ? batch == owner : remembered.AtMilliseconds == 0);

    private void Repeat(
        EntityReplica entity, CommandRequest request, Func<ReadOnlyMemory<byte>, object?> decode,
        ReadOnlyMemory<byte> remembered)
    {
        object? reply;
        try
        {
            reply = decode(remembered);
        }
        catch (Exception error) // a user's serializer, perhaps of another version than the one that wrote the reply
        {
            ServiceFailed(entity, error);
            var done = new Failure(ErrorCodes.AlreadyDone,
                $"The command with this idempotency key was done already; its reply cannot be read any more "
                + $"({error.GetType().Name}).", "Read the entity for its result.");
            AfterDurable(new Completion(request, entity, null, done, null, entity.Seen));
            return;
        }
        AfterDurable(new Completion(request, entity, reply, null, null, entity.Seen));
    }

    // Whatever it says, it may say of what a handler had opened, or of what a command brought to be sealed.
    private void ServiceFailed(EntityReplica entity, Exception error) => context.Emit(new ServiceCodeFailed(
        entity.Key.Type, error, entity.Type.HasPersonalMembers || context.Subjects.Session.SawPersonal));

    private void Fail(EntityRequest request, Failure failure) => Emit(request, new RequestResult(null, failure, []));

    private void Emit(EntityRequest request, in RequestResult result) => Forwards.Emit(context, request, result);

    private WritePoint PointOf(EventRecord own) => new(own.Entity, own.Origin, own.Sequence, Lane, own.OriginPosition);

    // What was seen, by the newest event of each origin: decided when the request ran, because later events may never
    // become durable; positions taken when it is answered, because own events have none before.
    private WritePoint[] Points(EntityReplica entity, VersionVector seen)
        => [.. seen.Select(s => new WritePoint(entity.Key, s.Origin, s.Count, Lane, HighestHere(s.Origin)))];

    /// <summary>Highest position of an origin of which anything is here.</summary>
    public ulong HighestHere(Origin origin)
        => origin.Equals(writer.Newest) ? OwnHead : cursors.TryGetValue(origin, out var cursor) ? cursor.Highest
            : past.EndOf(origin);

    private void AddRow(EntityReplica entity, EventRecord e, bool own)
    {
        filling.Rows.Add(new EventRow(e, entity.LastRow, own));
        if (!own && context.Primaries.IsOrphaned(e))
            EnterOrphan(e); // with its row: the fold enters it later, and a process that dies in between never does
        Touch(entity);
    }

    private void Touch(EntityReplica entity)
    {
        filling.Touched.Add(entity);
        entity.NewestGroup = filling;
        entity.Pending++;
    }
}
