using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>One run: draws regions, clients and faults from the seed, lets them loose, mends everything, and demands
/// that each register had one history and can be changed again everywhere.</summary>
/// <remarks>Only one region of a run, the victim, loses what it had said, and of five sometimes a second one: a
/// majority that forgets has decided nothing.</remarks>
internal sealed class RegisterRun
{
    private const long StartMilliseconds = 30_000;
    private const long HealMilliseconds = 60_000;
    private readonly Dice dice;
    private readonly bool early;
    private readonly int clients;
    private readonly long duration;
    private readonly string victim;
    private readonly string[] forgetful;
    private readonly HashSet<RegisterFault> faults = [];
    private readonly List<RegisterProcess> clones = [];
    private bool over;

    public RegisterRun(ulong seed)
    {
        dice = new Dice(seed);
        var regions = dice.Pick([1, 2, 3, 3, 3, 3, 4, 5]);
        var share = dice.Pick([0, 200, 400, 600]);
        foreach (var fault in Enum.GetValues<RegisterFault>())
        {
            if (dice.Chance(share))
                faults.Add(fault);
        }
        // A disk that loses what it confirmed, unnoticed, is one failure; who else has it must be reached then.
        var lies = faults.Contains(RegisterFault.TornTail);
        if (lies)
            faults.RemoveWhere(f => f is RegisterFault.Cut or RegisterFault.OneWayCut or RegisterFault.Isolation
                or RegisterFault.Kill or RegisterFault.Crash or RegisterFault.DiskFull or RegisterFault.RollBack
                or RegisterFault.Restart or RegisterFault.Clone);
        if (Has(RegisterFault.Clone)) // who died while a copy of it voted does not know what the copy said
            faults.RemoveWhere(f => f is RegisterFault.Kill or RegisterFault.Crash);
        if (regions == 1) // nobody could tell it what it had said
            faults.RemoveWhere(f => f is RegisterFault.RollBack or RegisterFault.TornTail or RegisterFault.Clone);
        var (resend, patience) = (dice.Pick([100, 300, 500]), lies ? 1_000_000 : dice.Pick([300, 1_500, 3_000]));
        var (backoff, page) = (dice.Pick([5, 20, 100]), dice.Pick([200, 600, 256 * 1024]));
        World = new RegisterWorld(dice.Next(), regions, 1 + dice.Below(4), o => o with
        {
            RegisterResendMilliseconds = resend, EnrolPatienceMilliseconds = patience,
            RegisterBackoffMinMilliseconds = backoff, EnrolPageBytes = page,
        });
        (clients, duration) = (1 + dice.Below(6), dice.Between(5_000, 30_000));
        early = dice.Chance(300) && !Has(RegisterFault.RollBack) && !lies && !Has(RegisterFault.Clone);
        victim = dice.Pick(World.Voters);
        forgetful = regions < 5 || Has(RegisterFault.Clone) ? [victim] : [victim, dice.Pick(World.Voters)];
        World.DelayMilliseconds = dice.Pick([2, 20, 120]);
        World.Died = Revive;
    }

    public RegisterWorld World { get; }

    public string Summary => $"{World.Voters.Count} voters, {World.Operations.Count} operations, victim {victim}, "
        + $"faults {string.Join(" ", faults)}";

    public void Run()
    {
        World.Start();
        if (!early)
            Demand(World.RunUntil(World.AllStand, StartMilliseconds), "the voters of a new group do not stand");
        Standing();
        for (var i = 0; i < clients; i++)
            World.Time.After(dice.Between(0, 100), Act);
        Faults();
        World.Time.RunUntil(World.Time.Now + duration);
        over = true;
        Mend();
        // Every region changes every register again.
        Demand(World.RunUntil(World.AllStand, HealMilliseconds), "not all voters stand after everything was mended");
        foreach (var register in World.Registers)
        {
            foreach (var member in World.Members)
                ChangeAtLast(World.Owners[member], register);
        }
        RegisterHistory.Check(World.Operations);
    }

    private bool Has(RegisterFault fault) => faults.Contains(fault);

    private void Standing()
    {
        World.LossPerMille = Has(RegisterFault.Loss) ? dice.Between(10, 200) is var loss ? (int)loss : 0 : 0;
        World.DuplicatePerMille = Has(RegisterFault.Duplicate) ? 200 : 0;
        foreach (var process in World.Processes.Where(_ => Has(RegisterFault.Crash)))
            process.CrashPerMille = dice.Below(20);
        foreach (var member in World.Members.Where(_ => Has(RegisterFault.ClockOff)))
            World.SetClock(member, dice.Pick([-3_600_000L, -500, 0, 700, 20_000_000]));
    }

    private void Faults()
    {
        Often(RegisterFault.Cut, 3_000, () => Cut(bothWays: true));
        Often(RegisterFault.OneWayCut, 3_000, () => Cut(bothWays: false));
        Often(RegisterFault.Isolation, 5_000, Isolate);
        Often(RegisterFault.Kill, 3_000, () => World.Crash(World.Owners[dice.Pick(World.Members)]));
        Often(RegisterFault.Restart, 3_000, () => Restart(World.Owners[dice.Pick(World.Members)]));
        Often(RegisterFault.RollBack, 4_000, () => RollBack(VoterMemory.Lost));
        Often(RegisterFault.TornTail, 4_000, () => RollBack(VoterMemory.Presumed));
        Often(RegisterFault.Clone, 6_000, Clone);
        Often(RegisterFault.DiskFull, 4_000, FillDisk);
    }

    private void Often(RegisterFault fault, int mean, Action happen)
    {
        if (!Has(fault))
            return;
        World.Time.After(dice.Between(50, 2 * mean), () =>
        {
            if (over)
                return;
            happen();
            Often(fault, mean, happen);
        });
    }

    private void Act()
    {
        if (over)
            return;
        var at = dice.Pick([.. World.Processes.OrderBy(p => p.Number)]);
        if (!at.Up)
        {
            World.Time.After(dice.Between(20, 200), Act);
            return;
        }
        var register = dice.Pick(World.Registers);
        var known = World.Operations.Where(o => o.Register == register && o.Result?.Value is not null)
            .Select(o => o.Result!.Value!.Version).DefaultIfEmpty().Max();
        ulong? expected = dice.Chance(350) ? null : dice.Chance(850) ? known : known - Math.Min(known, 1);
        World.Submit(at, register, expected, dice.Pick([100L, 600, 3_000]), () =>
            World.Time.After(dice.Between(0, 60), Act));
    }

    private void ChangeAtLast(RegisterProcess at, EntityKey register)
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            var read = Ask(at, register, null);
            Demand(read.Result?.Outcome == RegisterOutcome.Decided, $"{at.Region} cannot read: {read}");
            var change = Ask(at, register, read.Result!.Value?.Version ?? 0);
            if (change.Result?.Outcome == RegisterOutcome.Decided)
                return;
        }
        Demand(false, $"{at.Region} cannot change {register}");
    }

    private RegisterOperation Ask(RegisterProcess at, EntityKey register, ulong? expected)
    {
        var operation = World.Submit(at, register, expected, 20_000);
        World.RunUntil(() => operation.IsDone, 25_000);
        return operation;
    }

    private void Cut(bool bothWays)
    {
        var (from, to) = (dice.Pick(World.Members), dice.Pick(World.Members));
        World.Cut(from, to);
        if (bothWays)
            World.Cut(to, from);
        World.Time.After(dice.Between(50, 6_000), () =>
        {
            World.Heal(from, to);
            World.Heal(to, from);
        });
    }

    private void Isolate()
    {
        var region = dice.Pick(World.Members);
        foreach (var other in World.Members)
        {
            World.Cut(region, other);
            World.Cut(other, region);
            World.Time.After(dice.Between(50, 6_000), () =>
            {
                World.Heal(region, other);
                World.Heal(other, region);
            });
        }
    }

    private void Restart(RegisterProcess process)
    {
        if (!process.Up)
            return;
        process.Stop();
        Revive(process);
    }

    private void Revive(RegisterProcess process) => World.Time.After(dice.Between(20, 2_000), process.Start);

    private void RollBack(VoterMemory memory)
    {
        // One that does not know of its loss, and another's beside it, are too many.
        var process = World.Owners[memory == VoterMemory.Lost ? dice.Pick(forgetful) : victim];
        if (!process.Up || clones.Count > 0)
            return;
        process.Kill();
        process.Disk.RollBack(dice.Below(process.Disk.Writes + 1));
        process.Disk.Memory = memory;
        Revive(process);
    }

    // The others reach now the one, now the other.
    private void Clone()
    {
        var original = World.Owners[victim];
        if (!original.Up || clones.Count > 0)
            return;
        var clone = World.Add(victim, original.Disk.Clone());
        clones.Add(clone);
        clone.Start();
        for (var i = 0; i < 4; i++)
            World.Time.After(dice.Between(0, 3_000), () => Swap(original, clone));
        World.Time.After(dice.Between(500, 5_000), () => Remove(original, clone));
    }

    private void Swap(RegisterProcess original, RegisterProcess clone)
    {
        if (clones.Contains(clone))
            World.Owners[victim] = World.Owners[victim] == clone ? original : clone;
    }

    // Whoever goes on alone has to be told, by a start, that it is not the only one that voted.
    private void Remove(RegisterProcess original, RegisterProcess clone)
    {
        if (!clones.Remove(clone))
            return;
        World.Owners[victim] = original;
        World.Remove(clone);
        original.Kill();
        original.Disk.Memory = VoterMemory.Lost;
        Revive(original);
    }

    private void FillDisk()
    {
        var disk = World.Owners[dice.Pick(World.Members)].Disk;
        disk.Full = true;
        World.Time.After(dice.Between(50, 2_000), () => disk.Full = false);
    }

    private void Mend()
    {
        foreach (var clone in clones.ToArray())
            Remove(World.Owners[victim] == clone ? World.Processes.First(p => p.Region == victim && p != clone)
                : World.Owners[victim], clone);
        (World.LossPerMille, World.DuplicatePerMille) = (0, 0);
        foreach (var (from, to) in World.Members.SelectMany(f => World.Members.Select(t => (f, t))))
            World.Heal(from, to);
        foreach (var process in World.Processes)
        {
            (process.CrashPerMille, process.Disk.Full) = (0, false);
            process.Start();
        }
    }

    private static void Demand(bool holds, string otherwise)
    {
        if (!holds)
            throw new OracleException(otherwise);
    }
}

/// <summary>What can go wrong in a run of registers.</summary>
internal enum RegisterFault
{
    Loss,
    Duplicate,
    Cut,
    OneWayCut,
    Isolation,
    Kill,
    Restart,
    Crash,
    RollBack,
    TornTail,
    Clone,
    DiskFull,
    ClockOff,
}
