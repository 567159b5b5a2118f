using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>A process with registers and nothing else: what it sends is lost, doubled and overtaken, what it stores may
/// be the last thing that it does.</summary>
internal sealed class RegisterProcess : IRegisterShell
{
    private readonly RegisterWorld world;
    private readonly Dice dice;
    private readonly long monotonicStart;
    private readonly List<(int Lane, LaneNote Note, Action Durable)> filling = [];
    private Registers? registers;
    private bool isWriting;
    private int life;

    public RegisterProcess(RegisterWorld world, string region, RegisterDisk disk, Dice dice)
    {
        (this.world, Region, Disk, this.dice) = (world, region, disk, dice);
        monotonicStart = dice.Between(0, 1_000_000);
        Number = world.NextProcess();
    }

    public string Region { get; }

    public RegisterDisk Disk { get; }

    /// <summary>Stands for its connections.</summary>
    public long Number { get; }

    public bool Up => registers is not null;

    public int CrashPerMille { get; set; }

    public long NowMilliseconds => monotonicStart + world.Time.Now;

    public long WallMilliseconds => VirtualTime.FirstWallMilliseconds + world.Time.Now + world.ClockOff(Region);

    public void Start()
    {
        if (Up)
            return;
        life++;
        filling.Clear();
        isWriting = false;
        var options = world.Options(Region, Incarnation.Create(WallMilliseconds, dice.Bytes(10)));
        registers = new Registers(options, this, [.. world.Lanes.Select(Disk.Read)], Disk.Memory);
        Disk.Memory = VoterMemory.Presumed;
        PlanTick(life);
        foreach (var region in world.Members)
            Enter(life, r => r.Linked(region));
    }

    public void Kill()
    {
        registers = null;
        world.Ended(this);
    }

    /// <summary>A clean stop: what was said is on the disk, what was not is forgotten.</summary>
    public void Stop()
    {
        Kill();
        Disk.Memory = VoterMemory.Whole;
    }

    public RegistersDescription? Describe() => registers?.Describe();

    public void Submit(RegisterRequest request) => Enter(life, r => r.Submit(request));

    public void Arrive(string from, long process, Frame frame) => Enter(life, r => r.Received(from, process, frame));

    public ulong NextRandom() => dice.Next();

    public void Ask(string region, Frame frame) => world.Ask(this, region, frame);

    public void Answer(string region, long link, Frame frame) => world.Answer(this, link, frame);

    public bool Owns(int lane) => true;

    public void Keep(int lane, LaneNote note, Action durable)
    {
        filling.Add((lane, note, durable));
        Write(life);
    }

    public void Done(RegisterRequest request, RegisterResult result) => world.Done(request, result);

    public void Alarm(AlarmKind kind, string text) => world.Alarms.Add((Region, kind, text));

    public void Hit(Probe probe) => world.Hit(probe);

    private void Enter(int of, Action<Registers> input)
    {
        if (registers is not null && life == of)
            input(registers);
    }

    private void PlanTick(int of) => world.Time.After(dice.Between(10, 30), () =>
    {
        if (!Up || life != of)
            return;
        Enter(of, r => r.Tick());
        PlanTick(of);
    });

    // One group at a time, as in the kernel; what is kept meanwhile goes with the next.
    private void Write(int of)
    {
        if (isWriting)
            return;
        isWriting = true;
        world.Time.After(dice.Between(1, 6), () =>
        {
            if (!Up || life != of)
                return;
            var group = filling.ToArray();
            filling.Clear();
            if (dice.Chance(CrashPerMille))
            {
                world.Crash(this);
                return;
            }
            var failed = Disk.Full;
            if (!failed)
                Disk.Write([.. group.Select(g => (g.Lane, g.Note))]);
            if (dice.Chance(CrashPerMille))
            {
                world.Crash(this);
                return;
            }
            world.Time.After(dice.Between(0, 4), () => Written(of, failed ? [] : group));
        });
    }

    private void Written(int of, (int Lane, LaneNote Note, Action Durable)[] group)
    {
        if (!Up || life != of)
            return;
        isWriting = false;
        foreach (var (_, _, durable) in group)
            durable();
        if (filling.Count > 0)
            Write(of);
    }
}
