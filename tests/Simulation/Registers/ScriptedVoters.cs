using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Voters between which nothing is delivered but what a test delivers, frame by frame: for the one order of
/// events in which a rule matters, which no seed comes to.</summary>
internal sealed class ScriptedVoters
{
    private readonly Dictionary<string, ScriptedVoter> voters = new(StringComparer.Ordinal);
    private readonly int patience;
    private readonly int registerBytes;

    /// <summary>A group that has begun: all voters vote on everything.</summary>
    /// <param name="names">The voters.</param>
    /// <param name="others">Who has no vote.</param>
    public ScriptedVoters(IReadOnlyList<string> names, IReadOnlyList<string> others, int patience = 1_000_000,
        int registerBytes = 1024 * 1024)
    {
        (Voters, Members, this.patience) = (names, [.. names, .. others], patience);
        this.registerBytes = registerBytes;
        foreach (var name in Members)
            Start(name, new RegisterDisk());
        for (var i = 0; i < 10; i++)
        {
            Deliver(_ => true);
            Pass(1_000);
        }
        names.ShouldAllBe(n => voters[n].StandingLanes == 1);
        Sent.Clear();
    }

    public static EntityKey Register { get; } = new("pelago.test", "r1");

    public IReadOnlyList<string> Voters { get; }

    public IReadOnlyList<string> Members { get; }

    public long Now { get; private set; } = 1_000;

    /// <summary>Sent and not delivered yet.</summary>
    public List<Sent> Sent { get; } = [];

    public ScriptedVoter this[string name] => voters[name];

    /// <summary>Starts a process in the place of the one that was there.</summary>
    public void Start(string name, RegisterDisk disk)
    {
        Now += 10;
        var session = Incarnation.Create(VirtualTime.FirstWallMilliseconds + Now, new byte[10]);
        voters[name] = new ScriptedVoter(this, name, disk, new KernelOptions
        {
            Region = name, Members = Members, Voters = Voters, Session = session, Seed = 1,
            EnrolPatienceMilliseconds = patience, RegisterBytesPerLane = registerBytes,
        });
        foreach (var other in Members)
            voters[name].Enter(r => r.Linked(other));
    }

    /// <summary>The journal and what is under way to its process are lost: the process begins with nothing.</summary>
    public void Lose(string name) => Restart(name, new RegisterDisk());

    /// <summary>The process dies with what is under way to it.</summary>
    public void Kill(string name) => Restart(name, voters[name].Disk);

    /// <summary>The process stops cleanly and starts again.</summary>
    public void Stop(string name)
    {
        voters[name].Disk.Memory = VoterMemory.Whole;
        Kill(name);
    }

    /// <summary>Delivers what fits, and what comes of it, until nothing fits any more; the rest stays.</summary>
    public void Deliver(Predicate<Sent> fits)
    {
        for (var at = Sent.FindIndex(fits); at >= 0; at = Sent.FindIndex(fits))
        {
            var sent = Sent[at];
            Sent.RemoveAt(at);
            voters[sent.To].Enter(r => r.Received(sent.From, 1, sent.Frame));
        }
    }

    /// <summary>Lets time pass everywhere; nothing is delivered.</summary>
    public void Pass(long milliseconds)
    {
        for (var end = Now + milliseconds; Now < end;)
        {
            Now += 100;
            foreach (var voter in voters.Values)
                voter.Enter(r => r.Tick());
        }
    }

    private void Restart(string name, RegisterDisk disk)
    {
        Sent.RemoveAll(s => s.To == name || s.From == name);
        Start(name, disk);
    }
}

/// <summary>A frame under way.</summary>
internal sealed record Sent(string From, string To, Frame Frame)
{
    /// <summary>It goes between these two.</summary>
    public bool IsBetween(string one, string other)
        => (From == one && To == other) || (From == other && To == one);

    /// <summary>It asks a voter to do this, or answers.</summary>
    public bool Is(RegisterStep step)
        => Frame is RegisterAnswerFrame || (Frame is RegisterAskFrame ask && ask.Step == step);

    /// <summary>It is of somebody's way back to his votes.</summary>
    public bool IsOfEnrolment => Frame is EnrolFrame or EnrolledFrame;
}

/// <summary>One of them; what it stores is durable at once.</summary>
internal sealed class ScriptedVoter : IRegisterShell
{
    private readonly ScriptedVoters group;
    private readonly Registers registers;
    private readonly List<Action> durable = [];
    private readonly Dice dice;

    public ScriptedVoter(ScriptedVoters group, string name, RegisterDisk disk, KernelOptions options)
    {
        (this.group, Name, Disk) = (group, name, disk);
        dice = new Dice(((ulong)group.Now * 256) + name[0]);
        registers = new Registers(options, this, [disk.Read(ScriptedVoters.Register.Lane)], disk.Memory);
        disk.Memory = VoterMemory.Presumed;
    }

    public string Name { get; }

    public RegisterDisk Disk { get; }

    public int StandingLanes => registers.Describe().StandingLanes;

    public long NowMilliseconds => group.Now;

    public long WallMilliseconds => VirtualTime.FirstWallMilliseconds + group.Now;

    public void Enter(Action<Registers> input)
    {
        input(registers);
        while (durable.Count > 0)
        {
            Action[] stored = [.. durable];
            durable.Clear();
            foreach (var told in stored)
                told();
        }
    }

    /// <summary>Asks for a change of the version, or for a read.</summary>
    public Asked Ask(ulong? expected, string content = "")
    {
        var asked = new Asked();
        Enter(r => r.Submit(new RegisterRequest
        {
            Register = ScriptedVoters.Register, DeadlineMilliseconds = group.Now + 1_000_000, Waiter = asked,
            Change = expected is { } version
                ? new RegisterChange(version, Encoding.ASCII.GetBytes(content)) : null,
        }));
        return asked;
    }

    public ulong NextRandom() => dice.Next();

    public void Ask(string region, Frame frame) => group.Sent.Add(new Sent(Name, region, frame));

    public void Answer(string region, long link, Frame frame) => group.Sent.Add(new Sent(Name, region, frame));

    public bool Owns(int lane) => true;

    public void Keep(int lane, LaneNote note, Action told)
    {
        if (Disk.Full)
            return;
        Disk.Write([(lane, note)]);
        durable.Add(told);
    }

    public void Done(RegisterRequest request, RegisterResult result) => ((Asked)request.Waiter!).Result = result;

    public List<AlarmKind> Alarms { get; } = [];

    public void Alarm(AlarmKind kind, string text) => Alarms.Add(kind);

    public void Hit(Probe probe)
    {
    }
}

/// <summary>A request and what became of it.</summary>
internal sealed class Asked
{
    public RegisterResult? Result { get; set; }

    /// <summary>Outcome, version and content; empty while nothing is known.</summary>
    public string Text => Result is not { } result ? ""
        : $"{result.Outcome} {result.Value?.Version} "
            + (result.Value is { } value ? Encoding.ASCII.GetString(value.Content.Span) : "nothing");
}
