using Pelago.Model;

namespace Pelago.Replication;

internal sealed partial class Membership
{
    private const int LookPauseMilliseconds = 2_000;
    private const int LookPatienceMilliseconds = 5_000;
    private const int ForceAfterMilliseconds = 5_000;
    private readonly Queue<MembershipRequest> waiting = [];
    private readonly Queue<(RegisterRequest Asked, RegisterResult Result)> results = [];
    private MembershipRequest? current;
    private RegisterRequest? asked;
    private Configuration? proposed;
    private long lookAgainAt;
    private bool hasLooked; // in the register, for the current request

    /// <summary>Takes a request.</summary>
    public void Submit(MembershipRequest request)
    {
        if (Malformed(request) is { } failure)
            Complete(request, failure);
        else if (waiting.Count >= MaxRequests)
            Complete(request, new Failure(ErrorCodes.Overloaded, "Too many changes of the members wait.",
                "Try again a little later."));
        else
            waiting.Enqueue(request);
    }

    /// <summary>A register of ours is answered: looked at with the next tick, and not within the proposer.</summary>
    public void Decided(RegisterRequest request, RegisterResult result) => results.Enqueue((request, result));

    private void Tend()
    {
        if (current is null && waiting.TryDequeue(out current))
        {
            hasLooked = current.Change == MembershipChange.Vote; // nobody waits for the answer
            Begin();
        }
        if (current is null && Now >= lookAgainAt)
            LookAround();
        if (current is { } late && Now >= late.DeadlineMilliseconds && asked is null)
            Finish(new Failure(ErrorCodes.OutcomeUnknown,
                $"The change of '{late.Region}' is decided, perhaps, and was not stored here in time.",
                "See 'pelago regions list'."));
    }

    // What a proposer decided and did not live to tell; and the own vote, once everything is here.
    private void LookAround()
    {
        lookAgainAt = Now + LookPauseMilliseconds;
        if (WasRemoved || context.Configuration.Epoch == 0)
            return;
        if (asked is null && kernel.Registers.Heard(Configuration.Register) is { } heard
            && ConfigurationCodec.Read(heard.Content.Span) is { } known && known.Epoch > context.Configuration.Epoch)
            Ask(null, LookPatienceMilliseconds);
        if (isJoining && Enumerable.Range(0, EntityKey.Lanes).All(join.Serves))
        {
            waiting.Enqueue(new MembershipRequest
            {
                Change = MembershipChange.Vote, Region = Region, DeadlineMilliseconds = Now + LookPatienceMilliseconds,
            });
        }
    }

    private void Begin()
    {
        if (current is not { } request || asked is not null)
            return;
        if (hasLooked && IsSo(request))
            Finish(null);
        else if (hasLooked && Impossible(request) is { } failure)
            Finish(failure);
        else if (learned is null)
            Ask(null, PatienceOf(request));
    }

    private long PatienceOf(MembershipRequest request)
    {
        var left = Math.Max(1, request.DeadlineMilliseconds - Now);
        return request.Force ? Math.Min(left, ForceAfterMilliseconds) : left;
    }

    private void Ask(RegisterChange? change, long patienceMilliseconds)
    {
        asked = new RegisterRequest
        {
            Register = Configuration.Register, Change = change, Waiter = this,
            DeadlineMilliseconds = Now + patienceMilliseconds,
        };
        kernel.Registers.Submit(asked);
    }

    private void TakeResults()
    {
        while (results.TryDequeue(out var answer))
        {
            if (answer.Asked != asked)
                continue;
            asked = null;
            Take(answer.Asked, answer.Result);
        }
        if (current is not null && asked is null && learned is null && Now < current.DeadlineMilliseconds)
            Begin();
    }

    private void Take(RegisterRequest question, RegisterResult result)
    {
        var known = result.Value is { } value ? ConfigurationCodec.Read(value.Content.Span) : null;
        if (known?.Epoch > context.Configuration.Epoch && IsOurs(known))
        {
            Learn(known); // decided, by us or somebody else: the request goes on when it holds
            return;
        }
        var isRead = result.Outcome == RegisterOutcome.Decided && question.Change is null;
        hasLooked |= isRead;
        if (current is not { } request)
            return;
        if (IsSo(request) || Impossible(request) is not null)
        {
            AnswerUnread(request, result);
            return; // somebody else has made it so meanwhile, perhaps: it is looked at again
        }
        switch (result.Outcome)
        {
            case RegisterOutcome.Decided when isRead:
                proposed = Next(request);
                Ask(new RegisterChange(result.Value?.Version ?? 0, ConfigurationCodec.Write(proposed))
                {
                    VotersAfter = proposed.Voters,
                }, PatienceOf(request));
                break;
            case RegisterOutcome.NoQuorum or RegisterOutcome.Unknown when request.Force
                && Now < request.DeadlineMilliseconds:
                context.Hit(Probe.ConfigurationForced);
                hasLooked = true;
                Learn(Next(request).ByForce());
                break;
            case RegisterOutcome.NoQuorum or RegisterOutcome.Refused:
                Finish(result.Failure);
                break;
            case RegisterOutcome.Unknown when Now >= request.DeadlineMilliseconds:
                Finish(result.Failure);
                break;
        }
    }

    // It is so already, or cannot be, as far as is known here, and a majority did not say what holds: others may have
    // gone on without this region. Whoever forces it goes by what is known here.
    private void AnswerUnread(MembershipRequest request, RegisterResult result)
    {
        if (hasLooked)
            return;
        if (request.Force)
            hasLooked = true;
        else if (result.Outcome is RegisterOutcome.NoQuorum or RegisterOutcome.Refused
            || Now >= request.DeadlineMilliseconds)
            Finish(result.Failure);
    }

    private Configuration Next(MembershipRequest request) => request.Change switch
    {
        MembershipChange.Add => context.Configuration.With(request.Region),
        MembershipChange.Remove => context.Configuration.Without(request.Region),
        _ => context.Configuration.WithVoteOf(request.Region),
    };

    private bool IsSo(MembershipRequest request) => request.Change switch
    {
        MembershipChange.Add => context.Configuration.Find(request.Region) is not null,
        MembershipChange.Remove => context.Configuration.RemovedIn(request.Region) is not null,
        _ => context.Configuration.Find(request.Region) is not { IsJoining: true },
    };

    // Whatever the members are.
    private Failure? Malformed(MembershipRequest request)
    {
        if (RefuseWrites() is { } removed)
            return removed;
        if (request is { Force: true, Change: not MembershipChange.Remove })
        {
            return new Failure(ErrorCodes.MembershipRefused, "Only a removal can be made by force.",
                "Ask for it without force: a majority of the regions decides.");
        }
        return request.Change == MembershipChange.Add ? Names.Check(request.Region, "region") : null;
    }

    private Failure? Impossible(MembershipRequest request)
    {
        if (Malformed(request) is { } malformed)
            return malformed;
        var configuration = context.Configuration;
        if (request.Change == MembershipChange.Add)
        {
            return configuration.Members.Count < Configuration.MaxMembers
                || configuration.Find(request.Region) is not null ? null : new Failure(ErrorCodes.MembershipRefused,
                    $"The group has {configuration.Members.Count} regions, the most that a group has.",
                    "Remove one first.");
        }
        if (request.Change != MembershipChange.Remove || IsSo(request))
            return null;
        if (configuration.Find(request.Region) is null)
        {
            return new Failure(ErrorCodes.NotAMember, $"Region '{request.Region}' is no member of the group.",
                $"Members: {string.Join(", ", configuration.Names)}.");
        }
        if (WouldForget(configuration) is { } forgotten)
        {
            context.Alarm(AlarmKind.RemovedPileUp, $"The group names {Configuration.MaxRemoved} removed regions, and "
                + $"'{forgotten}', the first of them, is not sealed in all lanes: no other is removed (PLG5204).");
            return new Failure(ErrorCodes.MembershipRefused,
                $"The group names {Configuration.MaxRemoved} removed regions, "
                + $"and what '{forgotten}', the first of them, left is not sealed yet: it would be forgotten.",
                "Bring back the members that are away, and try again; see 'pelago regions list'.");
        }
        return configuration.Voters.Any(v => v != request.Region) ? null : new Failure(
            ErrorCodes.MembershipRefused, $"Without '{request.Region}' no region of the group would have a vote.",
            "Add another region first, and wait until it is a member.");
    }

    // The configuration forgets the region that was removed first, and with it that there is something to wait for.
    private string? WouldForget(Configuration configuration) => configuration.Removed.Count >= Configuration.MaxRemoved
        && kernel.Lanes.Any(l => l.Unsealed.Any(r => r.Region == configuration.Removed[0].Region))
        ? configuration.Removed[0].Region : null;

    private void Finish(Failure? failure)
    {
        var request = current!;
        current = null;
        Complete(request, failure);
    }

    private void Complete(MembershipRequest request, Failure? failure)
    {
        if (request.Change != MembershipChange.Vote)
            context.Emit(new MembershipDone(request, new MembershipResult(context.Configuration, failure)));
    }
}
