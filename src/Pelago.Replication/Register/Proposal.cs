namespace Pelago.Replication;

/// <summary>A request on its way through the voters.</summary>
internal sealed class Proposal(RegisterRequest request, RegisterWriter writer)
{
    /// <summary>Low bits of a step's number; the others are the proposal's.</summary>
    public const int StepBits = 20;

    private readonly SortedDictionary<string, RegisterAnswerFrame> answers = new(StringComparer.Ordinal);
    private ulong steps;

    public RegisterRequest Request { get; } = request;

    /// <summary>Marks the value that this proposal writes.</summary>
    public RegisterWriter Writer { get; } = writer;

    public bool IsActive { get; set; }

    /// <summary>What is asked, or null during a pause after somebody else's higher ballot.</summary>
    public RegisterStep? Step { get; private set; }

    public Ballot Ballot { get; private set; }

    /// <summary>The value of the accept step.</summary>
    public RegisterValue? Value { get; private set; }

    /// <summary>What the answers of this step are known by.</summary>
    public ulong Number => (Writer.Number << StepBits) | steps;

    /// <summary>What to answer once <see cref="Value"/> is decided.</summary>
    public RegisterOutcome Outcome { get; private set; }

    /// <summary>Its own value was sent to voters: it may be decided whatever happens.</summary>
    public bool MayBeDecided { get; private set; }

    public int Outbids { get; set; }

    public long NextSendMilliseconds { get; set; }

    /// <summary>End of the pause.</summary>
    public long ResumeMilliseconds { get; private set; }

    public IReadOnlyDictionary<string, RegisterAnswerFrame> Answers => answers;

    public RegisterAskFrame Ask => new(Number, Request.Register, Step!.Value, Ballot, Value);

    public void Begin(RegisterStep step, Ballot ballot)
    {
        (Step, Ballot, Value) = (step, ballot, null);
        NextStep();
    }

    /// <summary>Asks the voters to take a value.</summary>
    /// <param name="outcome">What it means when they have.</param>
    public void Propose(RegisterValue value, RegisterOutcome outcome)
    {
        (Step, Value, Outcome) = (RegisterStep.Accept, value, outcome);
        MayBeDecided |= value.Writer == Writer;
        NextStep();
    }

    public void Pause(long until)
    {
        (Step, ResumeMilliseconds) = (null, until);
        answers.Clear();
    }

    public void Take(string region, RegisterAnswerFrame answer) => answers[region] = answer;

    /// <summary>Drops what does not count, so that it is asked for again.</summary>
    public void Keep(IReadOnlyList<RegisterAnswerFrame> counting)
    {
        foreach (var (region, answer) in answers.ToArray())
        {
            if (answer.Verdict == RegisterVerdict.Yes && !counting.Contains(answer))
                answers.Remove(region);
        }
    }

    private void NextStep()
    {
        steps = (steps + 1) & ((1ul << StepBits) - 1);
        answers.Clear();
    }
}
