using Pelago.Client;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Everything that is known of a world when its findings are made.</summary>
/// <param name="World">The world.</param>
/// <param name="Status">Its status.</param>
/// <param name="Federation">What the federation plane says of itself; null when it does not answer.</param>
/// <param name="Regions">What the regions that answer say of themselves.</param>
/// <param name="Suffix">What the commands that mend have to carry, so that they find this world.</param>
internal sealed record Patient(
    RunningWorld World, StatusDocument Status, Asked<FederationDiagnosis>? Federation,
    IReadOnlyList<Asked<RegionDiagnosis>> Regions, string Suffix)
{
    /// <summary>A command that mends, for this world.</summary>
    public string Pelago(string verb) => $"pelago {verb}{Suffix}";
}

/// <summary>An answer, and this machine's clock before and after the call.</summary>
internal sealed record Asked<T>(T Answer, DateTimeOffset Before, DateTimeOffset After)
{
    /// <summary>By how much another clock is off for certain: nothing while it may have been read during the
    /// call.</summary>
    public TimeSpan SkewOf(DateTimeOffset other)
        => other < Before ? other - Before : other > After ? other - After : TimeSpan.Zero;
}

/// <summary>Looks at everything that makes a world ill: 1. its files, processes and servers, 2. its regions, their
/// replication and their journals, 3. clocks, disks, certificates, peers and versions, as the roles see them, 4. its
/// names, as a stranger sees them, 5. its links.</summary>
internal static class Examination
{
    // A region dials its peers before it answers.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(15);

    public static async Task<IReadOnlyList<Finding>> RunAsync(
        RunningWorld world, string suffix, TimeProvider time, CancellationToken cancellationToken)
    {
        var patient = await AskAsync(world, suffix, time, cancellationToken);
        return
        [
            .. LocalChecks.Of(patient),
            .. await ServerChecks.OfAsync(patient, time, cancellationToken),
            .. RegionChecks.Of(patient),
            .. DamageChecks.Of(patient),
            .. AlarmChecks.Of(patient),
            .. RoleChecks.Of(patient, time.GetUtcNow()),
            .. await Task.WhenAll(NamedServer.Of(patient).Select(s => s.CheckAsync(patient, time, cancellationToken))),
            await LinksAsync(patient, cancellationToken),
        ];
    }

    private static async Task<Patient> AskAsync(
        RunningWorld world, string suffix, TimeProvider time, CancellationToken cancellationToken)
    {
        var status = WorldStatus.ReadAsync(world, cancellationToken);
        var federation = AskAsync(() => world.Federation(AnswerLimit), f => f.DiagnoseAsync(cancellationToken), time);
        var regions = await Task.WhenAll(world.World.Regions.Select(region => AskAsync(
            () => world.Region(region, AnswerLimit), r => r.DiagnoseAsync(cancellationToken), time)));
        return new Patient(
            world, await status, await federation, [.. regions.OfType<Asked<RegionDiagnosis>>()], suffix);
    }

    private static async Task<Asked<T>?> AskAsync<TClient, T>(
        Func<TClient> open, Func<TClient, Task<T>> ask, TimeProvider time)
        where TClient : IDisposable
    {
        try
        {
            using var client = open();
            var before = time.GetUtcNow();
            var answer = await ask(client);
            return new Asked<T>(answer, before, time.GetUtcNow());
        }
        catch (PelagoException)
        {
            return null; // that it does not answer is a finding of the processes and regions
        }
    }

    private static async Task<Finding> LinksAsync(Patient patient, CancellationToken cancellationToken)
    {
        try
        {
            using var wan = patient.World.WanControl();
            var report = await wan.GetAsync<WanReport>("v1/wan", cancellationToken);
            var cut = report.Directions.Where(direction => direction.CutSince is not null)
                .Select(direction => $"{direction.From} → {direction.To}").ToList();
            return Finding.Of("links", cut.Count == 0,
                cut.Count == 0 ? $"{report.Links.Count} links, none cut" : $"cut: {string.Join(", ", cut)}",
                patient.Pelago("wan heal"));
        }
        catch (PelagoException e)
        {
            return Finding.Of("links", false, e.Failure.Message, patient.Pelago("up"));
        }
    }
}
