using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Regions that decide registers over a network that keeps no promise.</summary>
internal sealed class RegisterWorld
{
    private static readonly string[] Names = ["us-east-1", "eu-west-1", "ap-southeast-1", "sa-east-1", "af-south-1"];
    private readonly Dictionary<long, RegisterProcess> processes = [];
    private readonly Dictionary<RegisterRequest, (RegisterOperation Operation, RegisterProcess At)> waiting = [];
    private readonly Dictionary<string, long> clockOff = [];
    private readonly HashSet<(string From, string To)> cuts = [];
    private readonly long[] hits = new long[Enum.GetValues<Probe>().Length];
    private readonly Func<KernelOptions, KernelOptions> adjust;
    private readonly Dice dice;
    private long lastProcess;

    /// <summary>A world whose processes are not started.</summary>
    /// <param name="regions">Voting regions; one more, which has no vote, is named federation.</param>
    public RegisterWorld(ulong seed, int regions, int registers, Func<KernelOptions, KernelOptions>? adjust = null)
    {
        dice = new Dice(seed);
        this.adjust = adjust ?? (o => o);
        Voters = Names[..regions];
        Members = [.. Voters, "federation"];
        Registers = [.. Enumerable.Range(1, registers).Select(n => new EntityKey("pelago.test", $"r{n}"))];
        Lanes = [.. Registers.Select(r => r.Lane).Distinct().Order()];
        foreach (var member in Members)
            Owners[member] = Add(member, new RegisterDisk());
    }

    public VirtualTime Time { get; } = new();
    public IReadOnlyList<string> Voters { get; }
    public IReadOnlyList<string> Members { get; }
    public IReadOnlyList<EntityKey> Registers { get; }
    public IReadOnlyList<int> Lanes { get; }

    /// <summary>Who is reached under a region's name.</summary>
    public Dictionary<string, RegisterProcess> Owners { get; } = new(StringComparer.Ordinal);

    public IEnumerable<RegisterProcess> Processes => processes.Values;
    public List<RegisterOperation> Operations { get; } = [];
    public List<(string Region, AlarmKind Kind, string Text)> Alarms { get; } = [];
    public int LossPerMille { get; set; }
    public int DuplicatePerMille { get; set; }
    public long DelayMilliseconds { get; set; } = 20;

    /// <summary>Called when a process has died around a write.</summary>
    public Action<RegisterProcess>? Died { get; set; }

    public long NextProcess() => ++lastProcess;

    public long Count(Probe probe) => hits[(int)probe];

    public void Hit(Probe probe) => hits[(int)probe]++;

    public long ClockOff(string region) => clockOff.GetValueOrDefault(region);

    public void SetClock(string region, long milliseconds) => clockOff[region] = milliseconds;

    public KernelOptions Options(string region, Incarnation session) => adjust(new KernelOptions
    {
        Region = region, Members = Members, Voters = Voters, Session = session, Seed = 1,
    });

    public RegisterProcess Add(string region, RegisterDisk disk)
    {
        var process = new RegisterProcess(this, region, disk, dice.Fork());
        return processes[process.Number] = process;
    }

    public void Remove(RegisterProcess process)
    {
        process.Kill();
        processes.Remove(process.Number);
    }

    public void Cut(string from, string to) => cuts.Add((from, to));

    public void Heal(string from, string to) => cuts.Remove((from, to));

    public void Ask(RegisterProcess from, string region, Frame frame) => Send(from, () => Owners[region], frame);

    public void Answer(RegisterProcess from, long process, Frame frame)
        => Send(from, () => processes.GetValueOrDefault(process), frame);

    /// <summary>Sends a request; what the answer was is in the operation.</summary>
    public RegisterOperation Submit(
        RegisterProcess at, EntityKey register, ulong? expected, long patience, Action? answered = null)
    {
        var operation = new RegisterOperation(Operations.Count + 1, register, expected, Time.Now);
        Operations.Add(operation);
        var request = new RegisterRequest
        {
            Register = register, DeadlineMilliseconds = at.NowMilliseconds + patience, Waiter = answered,
            Change = expected is { } version ? new RegisterChange(version, operation.Content) : null,
        };
        waiting.Add(request, (operation, at));
        at.Submit(request);
        return operation;
    }

    public void Done(RegisterRequest request, RegisterResult result)
    {
        if (!waiting.Remove(request, out var asked))
            throw new OracleException("a request was answered twice");
        asked.Operation.Take(result, Time.Now);
        ((Action?)request.Waiter)?.Invoke();
    }

    public void Ended(RegisterProcess process)
    {
        foreach (var (request, asked) in waiting.Where(w => w.Value.At == process).ToArray())
        {
            waiting.Remove(request);
            asked.Operation.Lose();
            ((Action?)request.Waiter)?.Invoke();
        }
    }

    public void Crash(RegisterProcess process)
    {
        process.Kill();
        Died?.Invoke(process);
    }

    /// <summary>Lets time pass until the condition holds.</summary>
    public bool RunUntil(Func<bool> condition, long limit)
    {
        for (var end = Time.Now + limit; !condition(); Time.RunUntil(Time.Now + 20))
        {
            if (Time.Now >= end)
                return false;
        }
        return true;
    }

    /// <summary>Every voter may vote on everything.</summary>
    public bool AllStand() => Voters.All(v => Owners[v].Describe()?.StandingLanes == Lanes.Count);

    public RegisterWorld Start()
    {
        foreach (var process in processes.Values)
            process.Start();
        return this;
    }

    private void Send(RegisterProcess from, Func<RegisterProcess?> to, Frame frame)
    {
        for (var copies = dice.Chance(DuplicatePerMille) ? 2 : 1; copies > 0; copies--)
        {
            if (dice.Chance(LossPerMille))
                continue;
            // Each its own delay: they overtake each other.
            Time.After(dice.Between(1, 2 * DelayMilliseconds), () =>
            {
                if (to() is { } target && !cuts.Contains((from.Region, target.Region)))
                    target.Arrive(from.Region, from.Number, frame);
            });
        }
    }
}
