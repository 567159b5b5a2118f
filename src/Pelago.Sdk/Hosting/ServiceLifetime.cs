using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>Starts and stops the service beneath the application.</summary>
/// <remarks>Start: 1. management listener, so that the region sees a living process; 2. enrolment; 3. journal and
/// runtime; 4. remoting listener. The application's own listener opens after that, because it is the last hosted
/// service. Stop is the reverse: the application has stopped taking requests before the runtime drains.</remarks>
internal sealed class ServiceLifetime(
    ServiceParts parts, RunningService service, IOptions<PelagoOptions> options, TimeProvider clock,
    IHostApplicationLifetime application, IServiceProvider services, ILoggerFactory logging) : IHostedService
{
    private readonly ILogger logger = logging.CreateLogger("Pelago.Sdk");
    private WebApplication? management;
    private WebApplication? remoting;
    private RegionAgent? agent;
    private EntityRuntime? runtime;
    private ReplicationAccess? access;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (parts.Deployed is { } deployed)
                await StartInRegionAsync(deployed, cancellationToken);
            else
                await StartAloneAsync(cancellationToken);
            _ = WatchAsync(runtime!);
        }
        catch (Exception error)
        {
            if (error is not OperationCanceledException)
                await TellAsync(error);
            await StopAsync(CancellationToken.None);
            throw;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (runtime is not null)
            await runtime.DisposeAsync();
        if (remoting is not null)
            await remoting.DisposeAsync();
        if (agent is not null)
            await agent.DisposeAsync();
        if (management is not null)
            await management.DisposeAsync();
    }

    private async Task StartAloneAsync(CancellationToken cancellationToken)
    {
        var directory = Path.GetFullPath(options.Value.DataDirectory);
        var start = new RuntimeStart(parts.Types, options.Value, services, clock, logging);
        runtime = await start.AloneAsync(directory, cancellationToken);
        service.Start(runtime, RunningService.TokensAlone(), null);
        Log.StandAlone(logger, directory);
    }

    private async Task StartInRegionAsync(DeployedEnvironment deployed, CancellationToken cancellationToken)
    {
        management = LoopbackListener.Create(
            deployed.Management, HttpProtocols.Http1, IngressDialler.WindowBytes, logging);
        management.MapInspection(() => service.RuntimeOrNull);
        management.MapQuarantine(() => service.RuntimeOrNull, () => Volatile.Read(ref access));
        management.MapMembers(() => service.RuntimeOrNull, () => Volatile.Read(ref access));
        management.MapJournalRuns(() => service.RuntimeOrNull, () => Volatile.Read(ref access));
        management.MapSubjects(() => service.RuntimeOrNull, () => Volatile.Read(ref access));
        await management.StartAsync(cancellationToken);

        var ticket = await TicketReader.ReadAsync(Console.OpenStandardInput(), cancellationToken);
        agent = await RegionAgent.EnrolAsync(deployed, ticket, clock, logger, cancellationToken);

        var start = new RuntimeStart(parts.Types, options.Value, services, clock, logging);
        runtime = await start.InRegionAsync(deployed, agent, cancellationToken);
        var (name, project) = deployed.Service;
        var following = agent;
        var only = new ReplicationAccess(
            agent.Enrolment.IngressSecret, name, project, () => following.Configuration.Peers);
        Volatile.Write(ref access, only);
        var keys = agent.Enrolment.CausalityKeys;
        service.Start(runtime, new Replication.CausalityTokenCodec(name, keys.Current, keys.Previous), only);

        remoting = LoopbackListener.Create(deployed.Remoting, HttpProtocols.Http2, IngressDialler.WindowBytes, logging);
        remoting.MapReplication(runtime, only);
        await remoting.StartAsync(cancellationToken);
        Log.Serving(logger, name, project, deployed.Region);
    }

    // A kernel that failed cannot be trusted with another request: the process ends, and whoever watches starts a
    // new one.
    private async Task WatchAsync(EntityRuntime watched)
    {
        try
        {
            await watched.Ended;
        }
        catch (Exception error)
        {
            Log.RuntimeFailed(logger, error);
            await TellAsync(error);
            Environment.ExitCode = 1;
            application.StopApplication();
        }
    }

    // A failure that is no value says only what it is: its text may hold what nobody else is to read.
    private async Task TellAsync(Exception error)
    {
        var failure = Failure.In(error) ?? new Failure(
            ErrorCodes.InstanceFailed, $"The program failed: {error.GetType().Name}.", "Its log says more.");
        Log.Failed(logger, failure);
        if (agent is not null)
            await agent.TellFailureAsync(failure);
    }
}
