using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Compare-and-set registers that a majority of the regions decides, one per entity key: who owns an entity, a
/// type or a name, and who the regions are.</summary>
/// <remarks>
/// <para>Everything else here merges; what must not be true on two sides at once is decided. A register is decided by
/// single-decree Paxos per configuration epoch, in the form that keeps one value and changes it in place (CASPaxos). It
/// needs no leader, no log and no clock: a majority that can be reached directly is enough, and each register goes on
/// by itself.</para>
/// <para>Two parts: <c>Proposer</c> asks, in any region, the federation plane included; a <c>LaneVoter</c> per lane
/// answers, in voting regions. Votes commit with the lane's group. docs/internals/register.md tells why it is this
/// way.</para>
/// <para>Not thread-safe: owned by one kernel, or by the simulator.</para>
/// </remarks>
public sealed class Registers
{
    private readonly KernelOptions options;
    private readonly IRegisterShell shell;
    private readonly Electorate electorate;
    private readonly Proposer proposer;
    private readonly SortedDictionary<int, LaneVoter> voters = [];
    private bool begun;

    /// <summary>Registers over lanes that were just acquired.</summary>
    /// <param name="memory">How sure it is that the lanes hold all that was voted.</param>
    /// <param name="configuration">Who votes; null for those that the options name.</param>
    public Registers(
        KernelOptions options, IRegisterShell shell, IReadOnlyList<LaneState> lanes, VoterMemory memory,
        Configuration? configuration = null)
    {
        (this.options, this.shell) = (options, shell);
        electorate = new Electorate(options.Region, configuration ?? Configuration.Initial(options));
        proposer = new Proposer(options, shell, electorate, Ask);
        foreach (var lane in lanes)
        {
            voters.Add(lane.Lane, new LaneVoter(lane.Lane, options, shell, electorate, lane.Notes,
                lane.NotesDamaged ? VoterMemory.Lost : memory));
        }
    }

    /// <summary>Takes a request; it is completed exactly once, at the deadline at the latest.</summary>
    public void Submit(RegisterRequest request)
    {
        Begin();
        proposer.Submit(request);
    }

    /// <summary>Takes a frame of another region.</summary>
    /// <param name="link">Where an answer has to go.</param>
    public void Received(string from, long link, Frame frame)
    {
        Begin();
        switch (frame)
        {
            case RegisterAskFrame ask when voters.ContainsKey(ask.Register.Lane):
                Take(ask, answer => shell.Answer(from, link, answer));
                break;
            case RegisterAnswerFrame answer:
                if (proposer.Take(from, answer) is { } register)
                    Voter(register).Heard(answer.Lives);
                break;
            case EnrolFrame enrol when voters.TryGetValue(enrol.Lane, out var voter):
                voter.Take(from, enrol, answer => shell.Answer(from, link, answer));
                break;
            case EnrolledFrame enrolled when voters.TryGetValue(enrolled.Lane, out var voter):
                voter.Take(from, enrolled);
                break;
        }
    }

    /// <summary>This region has taken another configuration, durably: it takes no votes of the older one any more, and
    /// votes again once it has copied what may have been decided by then.</summary>
    public void Follow(Configuration configuration)
    {
        Begin();
        electorate.Follow(configuration);
        foreach (var voter in voters.Values)
            voter.Reconfigured();
        proposer.Reconfigured();
    }

    /// <summary>What this region's own vote says of a register, decided or not.</summary>
    internal RegisterValue? Heard(EntityKey register) => Voter(register).ValueOf(register);

    /// <summary>This region votes on the register, and knows what it voted.</summary>
    internal bool Stands(EntityKey register) => Voter(register).Stands;

    /// <summary>This region's life as a voter on the register; null when it has no vote.</summary>
    internal Incarnation? LifeOn(EntityKey register) => electorate.IsVoter ? Voter(register).Life : null;

    /// <summary>A later life of that region is known here than this one.</summary>
    internal bool IsFormerLife(EntityKey register, string region, Incarnation life)
        => Voter(register).KnowsLaterLife(region, life);

    /// <summary>A way to another region has opened.</summary>
    public void Linked(string region)
    {
        Begin();
        foreach (var voter in voters.Values)
            voter.Linked(region);
        proposer.Linked(region);
    }

    /// <summary>The journal turned out not to hold all that was voted: no vote before everything was copied from the
    /// others.</summary>
    public void Forget()
    {
        Begin();
        foreach (var voter in voters.Values)
            voter.Forget();
    }

    /// <summary>Others had noted lives that this journal does not know.</summary>
    internal bool HaveForgotten => voters.Values.Any(v => v.HasForgotten);

    /// <summary>A loss that was known at the start is noted in every lane.</summary>
    public bool IsLossNoted => voters.Values.All(v => v.IsLossNoted);

    /// <summary>Time passed.</summary>
    public void Tick()
    {
        Begin();
        foreach (var voter in voters.Values)
            voter.Tick();
        proposer.Tick();
    }

    /// <summary>What a person wants to know.</summary>
    public RegistersDescription Describe() => new(
        electorate.IsVoter, voters.Values.Count(v => v.Stands), voters.Values.Sum(v => v.Count), proposer.Count,
        [.. voters.Values.SelectMany(v => v.Awaited).Distinct().Order(StringComparer.Ordinal)]);

    // With the first input: there is no present moment before.
    private void Begin()
    {
        if (begun)
            return;
        begun = true;
        foreach (var voter in voters.Values)
            voter.Begin();
    }

    private LaneVoter Voter(EntityKey register) => voters[register.Lane];

    // The next configuration is decided by those who vote in every lane: what was decided in any of them in the epoch
    // before is then known to so many that whoever copies in the next one learns of it.
    private void Take(RegisterAskFrame ask, Action<RegisterAnswerFrame> answer)
    {
        if (ask.Register == Configuration.Register && !voters.Values.All(v => v.Stands))
            answer(Voter(ask.Register).SayAbsent(ask));
        else
            Voter(ask.Register).Take(ask, answer);
    }

    private void Ask(string region, RegisterAskFrame ask)
    {
        if (region == options.Region)
            Take(ask, answer => proposer.Take(region, answer));
        else
            shell.Ask(region, ask);
    }
}

/// <summary>The state of an instance's registers.</summary>
/// <param name="IsVoter">This region has votes.</param>
/// <param name="StandingLanes">Lanes in which it may vote now.</param>
/// <param name="Held">Registers that it has voted on.</param>
/// <param name="Pending">Requests that wait for an answer.</param>
/// <param name="Awaited">Regions that have to answer before it may vote everywhere.</param>
public sealed record RegistersDescription(
    bool IsVoter, int StandingLanes, int Held, int Pending, IReadOnlyList<string> Awaited);
