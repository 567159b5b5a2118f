using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Reads the state of a whole world: processes from the supervisor's record, everything else from the regions
/// themselves, all at once. What does not answer is shown as such.</summary>
internal static class WorldStatus
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    public static async Task<StatusDocument> ReadAsync(RunningWorld world, CancellationToken cancellationToken)
    {
        var supervisor = world.Supervisor?.Pid;
        var roles = world.Roles();
        var federation = FederationAsync(world, roles.GetValueOrDefault(RoleNames.Federation), cancellationToken);
        var regions = Task.WhenAll(world.World.Regions.Select(region => RegionAsync(
            world, region, roles.GetValueOrDefault(RoleNames.Region(region.Name)), cancellationToken)));
        var servers = Task.WhenAll(world.World.Regions.Where(_ => world.HasServers).Select(region => ServerAsync(
            world, region, roles.GetValueOrDefault(RoleNames.Server(region.Name)), cancellationToken)));
        var wan = PidOf(roles.GetValueOrDefault(RoleNames.Wan));
        var answered = await regions;
        return new StatusDocument(
            world.World.Group,
            world.Directory.Root,
            new ProcessStatus(supervisor is null ? States.Down : States.Running, supervisor),
            new ProcessStatus(wan is null ? States.Down : States.Running, wan),
            await federation,
            [],
            answered,
            [],
            world.Directory.TrustBundle,
            world.Directory.AdminTokenFile)
        {
            Services = Summarize(answered),
            Servers = await servers,
        };
    }

    /// <summary>What one region has heard of all: the others need not be asked for it, nor answer.</summary>
    private static IReadOnlyList<ServiceSummary> Summarize(IReadOnlyList<RegionStatus> regions)
        => regions.FirstOrDefault(region => region.Services.Count > 0) is { } asked
            ? [.. asked.Services.Select(service
                => new ServiceSummary(service.Project, service.Name, asked.Name, service.Regions))]
            : [];

    private static async Task<FederationStatus> FederationAsync(
        RunningWorld world, RoleReport? role, CancellationToken cancellationToken)
    {
        var state = Without(role);
        if (state is null)
        {
            try
            {
                using var federation = world.Federation(AnswerLimit);
                await federation.CheckReadyAsync(cancellationToken);
                state = States.Ready;
            }
            catch (PelagoException)
            {
                state = States.Starting;
            }
        }
        return new FederationStatus(state, PidOf(role), WorldPlan.ManagementApi(world.World));
    }

    private static async Task<ServerStatus> ServerAsync(
        RunningWorld world, RegionRecord region, RoleReport? role, CancellationToken cancellationToken)
    {
        var status = new ServerStatus(
            region.Name, Without(role) ?? States.Starting, PidOf(role), ServerLook.AddressOf(region))
        {
            Restarts = role?.Restarts ?? 0,
        };
        if (Without(role) is not null)
            return status;
        var look = await ServerLook.AskAsync(
            world.Directory, region, probes: false, world.Time, cancellationToken);
        return status with
        {
            State = look.Trouble is null ? States.Ready
                : look.Trouble.Error == ErrorCodes.JournalServerAway ? States.Starting : States.Failing,
            Version = look.Health?.Version,
            Trouble = look.Trouble is { } trouble ? TroubleView.Of(trouble) : null,
        };
    }

    private static async Task<RegionStatus> RegionAsync(
        RunningWorld world, RegionRecord region, RoleReport? role, CancellationToken cancellationToken)
    {
        var (apps, platform) = (WorldPlan.AppsHostname(region.Name), WorldPlan.PlatformHostname(region.Name));
        var status = new RegionStatus(
            region.Name, Without(role) ?? States.Starting, PidOf(role), WorldPlan.ExecutionApi(region),
            $"https://ingress.svc.{apps}:{region.IngressPort}", $"https://{apps}:{region.PublicPort}", apps, platform,
                [], [])
        {
            Restarts = role?.Restarts ?? 0,
        };
        if (Without(role) is not null)
            return Failing(world, status);
        try
        {
            using var client = world.Region(region, AnswerLimit);
            var view = await client.GetStatusAsync(cancellationToken);
            return status with
            {
                State = view.State, Services = view.Services, Replication = view.Replication,
                Trouble = view.Trouble, Parked = view.Parked, Alarms = view.Alarms,
            };
        }
        catch (PelagoException e)
        {
            return Failing(world, status with { State = States.Starting, Message = e.Failure.Message });
        }
    }

    /// <summary>A region that should run, does not answer, and left word why: it waits for something, or was started
    /// again since then.</summary>
    private static RegionStatus Failing(RunningWorld world, RegionStatus status)
    {
        if (status.State == States.Stopped
            || RoleFailure.Read(world.Directory.RegionHome(status.Name)) is not { } left
            || (status.Restarts == 0 && !left.IsWaiting))
        {
            return status;
        }
        var said = status with { Trouble = left.Trouble, Message = left.Trouble.ToString() };
        return left.IsWaiting && status.Pid is not null ? said : said with { State = States.Failing };
    }

    /// <summary>The state of a role that has no process, or null when it has one and can be asked.</summary>
    private static string? Without(RoleReport? role)
        => role is { Pid: > 0 } ? null : role is { Wanted: RoleReport.Stopped } ? States.Stopped : States.Down;

    private static int? PidOf(RoleReport? role) => role is { Pid: > 0 } ? role.Pid : null;
}
