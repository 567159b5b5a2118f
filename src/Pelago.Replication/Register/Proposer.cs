using System.Globalization;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Reads and changes registers, in any region that reaches a majority of the voters directly.</summary>
/// <remarks>
/// <para>A change takes two rounds (CASPaxos, Rystsov 2018): 1. a majority promises a ballot and says what it has
/// accepted; 2. the value of the highest accepted ballot is the register's, the change is applied to it, and a majority
/// accepts the result. A read takes one when a majority holds the same, and otherwise writes back what it
/// found.</para>
/// <para>Of several requests for one register one is under way and the others wait, so that a region does not outbid
/// itself. Who is outbid pauses for a random time, longer after each time, so that one of several gets through.</para>
/// </remarks>
internal sealed class Proposer(
    KernelOptions options, IRegisterShell shell, Electorate electorate, Action<string, RegisterAskFrame> ask)
{
    private readonly SortedDictionary<ulong, Proposal> proposals = [];
    private readonly Dictionary<EntityKey, Queue<ulong>> byRegister = [];
    private readonly Queue<ulong> next = [];
    private ulong lastProposal;
    private ulong highest;
    private bool isBeginning;

    /// <summary>Requests that are not answered yet.</summary>
    public int Count => proposals.Count;

    /// <summary>Takes a request.</summary>
    public void Submit(RegisterRequest request)
    {
        if (Refuse(request) is { } failure)
        {
            shell.Done(request, new RegisterResult(RegisterOutcome.Refused, null, failure));
            return;
        }
        if (lastProposal == 0)
            lastProposal = shell.NextRandom() >> 24; // nobody takes an answer to another process for its own
        var number = ++lastProposal;
        proposals.Add(number, new Proposal(request, new RegisterWriter(options.Session, number)));
        if (!byRegister.TryGetValue(request.Register, out var queue))
            byRegister[request.Register] = queue = new Queue<ulong>();
        queue.Enqueue(number);
        if (queue.Count == 1)
            next.Enqueue(number);
        BeginNext();
    }

    /// <summary>Takes a voter's answer.</summary>
    /// <returns>The register in question; null when nobody waits for the answer any more.</returns>
    public EntityKey? Take(string from, RegisterAnswerFrame answer)
    {
        if (!proposals.TryGetValue(answer.Request >> Proposal.StepBits, out var proposal) || proposal.Step is null
            || proposal.Number != answer.Request || !electorate.Voters.Contains(from))
            return null;
        highest = Math.Max(highest, Math.Max(answer.State.Promised.Counter, answer.State.Accepted.Counter));
        // A vote of another configuration is none, whatever it says.
        proposal.Take(from, answer.Verdict != RegisterVerdict.Yes || answer.ConfigurationEpoch == electorate.Epoch
            ? answer : answer with { Verdict = RegisterVerdict.Outbid });
        Consider(proposal);
        BeginNext();
        return proposal.Request.Register;
    }

    /// <summary>Asks again, and gives up what is too late.</summary>
    public void Tick()
    {
        if (proposals.Count == 0)
            return;
        foreach (var proposal in proposals.Values.ToArray())
        {
            if (!proposals.ContainsKey(proposal.Writer.Number))
                continue; // one before it in the queue of its register has ended, it has begun, and ended at once
            if (shell.NowMilliseconds >= proposal.Request.DeadlineMilliseconds)
                Expire(proposal);
            else if (!proposal.IsActive)
                continue;
            else if (proposal.Step is null && shell.NowMilliseconds >= proposal.ResumeMilliseconds)
                Prepare(proposal);
            else if (proposal.Step is not null && shell.NowMilliseconds >= proposal.NextSendMilliseconds)
                SendAgain(proposal);
        }
        BeginNext();
    }

    /// <summary>A way to a region has opened.</summary>
    public void Linked(string region)
    {
        foreach (var proposal in proposals.Values.Where(p => p.Step is not null && IsMissing(p, region)).ToArray())
        {
            if (electorate.Voters.Contains(region))
                ask(region, proposal.Ask);
        }
    }

    /// <summary>Others vote from now on: what is under way begins again, and finds what was decided among those
    /// before.</summary>
    public void Reconfigured()
    {
        foreach (var proposal in proposals.Values.Where(p => p.IsActive).ToArray())
            proposal.Pause(shell.NowMilliseconds);
    }

    private Failure? Refuse(RegisterRequest request)
    {
        if (EntityKey.CheckId(request.Register.Id) is { } invalid)
            return invalid;
        if (request.Change?.Content.Length > RegisterValue.MaxBytes)
        {
            return new Failure(ErrorCodes.RegisterTooLarge, string.Create(CultureInfo.InvariantCulture,
                $"The value for register {request.Register} has {request.Change.Content.Length} bytes."),
                string.Create(CultureInfo.InvariantCulture, $"It may have {RegisterValue.MaxBytes}."));
        }
        return proposals.Count < options.MaxRegisterRequests ? null : new Failure(ErrorCodes.Overloaded,
            "Too many requests wait for registers.", "Try again a little later.");
    }

    // One after another, not one within another: answers of one's own vote come at once.
    private void BeginNext()
    {
        if (isBeginning)
            return;
        isBeginning = true;
        while (next.TryDequeue(out var number))
        {
            if (proposals.TryGetValue(number, out var proposal) && !proposal.IsActive)
                Begin(proposal);
        }
        isBeginning = false;
    }

    private void Begin(Proposal proposal)
    {
        proposal.IsActive = true;
        if (proposal.Request.Change is not null)
        {
            Prepare(proposal);
            return;
        }
        proposal.Begin(RegisterStep.Read, default);
        Send(proposal);
    }

    private void Prepare(Proposal proposal)
    {
        if (highest >= Ballot.MaxCounter)
        {
            Finish(proposal, proposal.MayBeDecided ? RegisterOutcome.Unknown : RegisterOutcome.Refused, null,
                new Failure(ErrorCodes.RegisterExhausted,
                    $"The proposals for register {proposal.Request.Register} were counted to the last number.",
                    "Nothing changes this register any more. Find the region whose build is wrong."));
            return;
        }
        var ballot = new Ballot(electorate.Epoch, ++highest, options.Region, options.Session);
        proposal.Begin(RegisterStep.Prepare, ballot);
        Send(proposal);
    }

    private void Propose(Proposal proposal, RegisterValue value, RegisterOutcome outcome)
    {
        proposal.Propose(value, outcome);
        Send(proposal);
    }

    // The answer of one's own vote may come at once, and end the step.
    private void Send(Proposal proposal)
    {
        proposal.NextSendMilliseconds = shell.NowMilliseconds + options.RegisterResendMilliseconds;
        var question = proposal.Ask;
        foreach (var voter in electorate.Others.Append(options.Region))
        {
            if (electorate.Voters.Contains(voter) && proposal.Number == question.Request
                && IsMissing(proposal, voter))
                ask(voter, question);
        }
    }

    // Who outbid this ballot says so again; with others away, a majority may need him.
    private void SendAgain(Proposal proposal)
    {
        if (proposal.Answers.Values.Any(a => a.Verdict == RegisterVerdict.Outbid))
            Pause(proposal);
        else
            Send(proposal);
    }

    private static bool IsMissing(Proposal proposal, string voter)
        => !proposal.Answers.TryGetValue(voter, out var answer) || answer.Verdict != RegisterVerdict.Yes;

    private void Consider(Proposal proposal)
    {
        var counting = Electorate.Counting(proposal.Answers);
        if (counting.Count < proposal.Answers.Values.Count(a => a.Verdict == RegisterVerdict.Yes))
        {
            shell.Hit(Probe.VoteOfAnOlderLife);
            proposal.Keep(counting);
        }
        if (counting.Count >= electorate.Majority)
        {
            Decide(proposal, counting);
            return;
        }
        var outbids = proposal.Answers.Values.Where(a => a.Verdict == RegisterVerdict.Outbid).ToArray();
        if (outbids.Length > electorate.Voters.Count - electorate.Majority)
            Pause(proposal);
        else if (proposal.Answers.Values.Count(a => a.Verdict == RegisterVerdict.Full)
            > electorate.Voters.Count - electorate.Majority)
            Finish(proposal, RegisterOutcome.Refused, null, new Failure(ErrorCodes.RegistersFull,
                $"The voters have no room for register {proposal.Request.Register}.",
                "Raise RegisterBytesPerLane in all regions."));
    }

    private void Decide(Proposal proposal, IReadOnlyList<RegisterAnswerFrame> counting)
    {
        switch (proposal.Step)
        {
            case RegisterStep.Read:
                if (Decided(counting) is { } read)
                {
                    shell.Hit(Probe.RegisterReadAtOnce);
                    Finish(proposal, RegisterOutcome.Decided, read.State.Value, null);
                }
                else
                {
                    Prepare(proposal); // they differ: what is decided has to be found out
                }
                break;
            case RegisterStep.Prepare:
                Promised(proposal, counting);
                break;
            default:
                Accepted(proposal);
                break;
        }
    }

    // A majority that holds one and the same has decided it, and whatever was decided before it knows. What was
    // accepted in an older configuration was decided by those who voted then, or was not: it is written anew.
    private RegisterAnswerFrame? Decided(IReadOnlyList<RegisterAnswerFrame> counting) => counting
        .FirstOrDefault(c => (c.State.Accepted.IsNone || c.State.Accepted.Epoch == electorate.Epoch)
            && counting.Count(other => !other.State.Heard && other.State.Accepted == c.State.Accepted)
                >= electorate.Majority);

    private void Promised(Proposal proposal, IReadOnlyList<RegisterAnswerFrame> counting)
    {
        var newest = counting.MaxBy(c => c.State.Accepted)!.State;
        var current = newest.Value;
        if (proposal.Request.Change is { } change && current?.Writer != proposal.Writer
            && (current?.Version ?? 0) == change.ExpectedVersion)
        {
            if (!IsRememberedAfter(proposal, change, counting))
                return; // more promises may come
            Propose(proposal, new RegisterValue(change.ExpectedVersion + 1, proposal.Writer, change.Content),
                RegisterOutcome.Decided);
            return;
        }
        var outcome = OutcomeOf(proposal, current);
        // What is there has to be decided before anybody is told of it.
        if (Decided(counting) is { } decided && decided.State.Accepted == newest.Accepted)
            Finish(proposal, outcome, current);
        else
            Propose(proposal, current!, outcome);
    }

    // Who votes next has to copy from so many of those before who remember. Whoever promises remembers. If too few of
    // these stay, those who stay would wait for each other for good. docs/internals/membership.md, "Removal".
    private bool IsRememberedAfter(
        Proposal proposal, RegisterChange change, IReadOnlyList<RegisterAnswerFrame> counting)
        => change.VotersAfter is not { } after || proposal.Answers.Count(a => after.Contains(a.Key)
            && counting.Contains(a.Value)) >= electorate.OthersThatMeetAll;

    private static RegisterOutcome OutcomeOf(Proposal proposal, RegisterValue? current)
    {
        if (proposal.Request.Change is not { } change || current?.Writer == proposal.Writer)
            return RegisterOutcome.Decided;
        // Others may have changed what this one wrote.
        return proposal.MayBeDecided && current?.Version > change.ExpectedVersion + 1 ? RegisterOutcome.Unknown
            : RegisterOutcome.Mismatch;
    }

    private void Accepted(Proposal proposal)
    {
        shell.Hit(Probe.RegisterDecided);
        Finish(proposal, proposal.Outcome, proposal.Value);
    }

    // Full jitter below a bound that doubles.
    private void Pause(Proposal proposal)
    {
        var bound = Math.Min(options.RegisterBackoffMaxMilliseconds,
            (long)options.RegisterBackoffMinMilliseconds << Math.Min(proposal.Outbids++, 20));
        proposal.Pause(shell.NowMilliseconds + (long)(shell.NextRandom() % (ulong)Math.Max(1, bound)));
        shell.Hit(Probe.RegisterPaused);
    }

    private void Expire(Proposal proposal)
    {
        var register = proposal.Request.Register;
        if (proposal.MayBeDecided)
        {
            Finish(proposal, RegisterOutcome.Unknown, null);
            return;
        }
        shell.Hit(Probe.RegisterWithoutQuorum);
        Finish(proposal, RegisterOutcome.NoQuorum, null, new Failure(ErrorCodes.NoQuorum,
            $"Register {register} was not decided in time: {Missing(proposal)}.",
            "Nothing was changed. Try again once a majority of the regions reach each other; see 'pelago status'."));
    }

    private string Missing(Proposal proposal)
    {
        var parts = new List<string>();
        Add(electorate.Voters.Where(v => !proposal.Answers.ContainsKey(v)), "did not answer");
        Add(With(RegisterVerdict.Absent), "may not vote yet");
        Add(With(RegisterVerdict.Outbid, newer: false), "had a higher proposal");
        Add(With(RegisterVerdict.Outbid, newer: true), "has another configuration of the group");
        Add(With(RegisterVerdict.Full), "had no room");
        return parts.Count == 0 || !proposal.IsActive ? "others came first" : string.Join("; ", parts);

        IEnumerable<string> With(RegisterVerdict verdict, bool newer = false) => proposal.Answers
            .Where(a => a.Value.Verdict == verdict
                && newer == a.Value.ConfigurationEpoch > electorate.Epoch).Select(a => a.Key);

        void Add(IEnumerable<string> regions, string what)
        {
            if (string.Join(" and ", regions) is { Length: > 0 } named)
                parts.Add($"{named} {what}");
        }
    }

    private void Finish(Proposal proposal, RegisterOutcome outcome, RegisterValue? value, Failure? failure = null)
    {
        var register = proposal.Request.Register;
        if (outcome == RegisterOutcome.Unknown)
        {
            shell.Hit(Probe.RegisterUnknown);
            failure ??= new Failure(ErrorCodes.OutcomeUnknown,
                $"Whether register {register} was changed is not known: not enough regions have confirmed it.",
                "Read it, then decide.");
        }
        proposal.Pause(long.MaxValue);
        proposals.Remove(proposal.Writer.Number);
        var queue = byRegister[register];
        while (queue.TryPeek(out var first) && !proposals.ContainsKey(first))
            queue.Dequeue();
        if (queue.Count == 0)
            byRegister.Remove(register);
        else if (!proposals[queue.Peek()].IsActive)
            next.Enqueue(queue.Peek());
        shell.Done(proposal.Request, new RegisterResult(outcome, value, failure));
    }
}
