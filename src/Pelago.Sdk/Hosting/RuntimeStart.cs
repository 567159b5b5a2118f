using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Pelago.Entities;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk;

/// <summary>Opens the journal and starts the runtime on it.</summary>
internal sealed class RuntimeStart(
    EntityTypes types, PelagoOptions options, IServiceProvider services, TimeProvider clock, ILoggerFactory logging)
{
    /// <summary>Without a region: no peers, the journal's key in a file beside it.</summary>
    public async Task<EntityRuntime> AloneAsync(string directory, CancellationToken cancellationToken)
        => await StartAsync(directory, Path.Combine(directory, "guard", "journal.json"),
            new FileKeyEncryption(Path.Combine(directory, "kek.json")), RunningService.Alone,
            [RunningService.Alone], new NoPeers(), "alone", "this program", cancellationToken);

    /// <summary>In a region: the peers of its configuration, the journal's key from the region.</summary>
    public async Task<EntityRuntime> InRegionAsync(
        DeployedEnvironment deployed, RegionAgent agent, CancellationToken cancellationToken)
    {
        var dialler = new IngressDialler(deployed.Service, () => agent.Configuration, ()
            => agent.Leaf, agent.Check, clock,
            logging.CreateLogger<IngressDialler>());
        return await StartAsync(deployed.Home, deployed.GuardFile,
            new EnrolledJournalKey(agent.Enrolment.JournalKey), deployed.Region,
            agent.Configuration.Members, dialler, deployed.Instance,
            $"service {deployed.Service.Project}/{deployed.Service.Service} in region {deployed.Region}",
            cancellationToken);
    }

    private async Task<EntityRuntime> StartAsync(
        string directory, string guardFile, IKeyEncryption key, string region, IReadOnlyList<string> members,
        IPeerDialler dialler, string instance, string owner, CancellationToken cancellationToken)
    {
        var place = new JournalOptions
        {
            DataDirectory = Path.Combine(directory, "journal"),
            GuardFile = guardFile,
            Owner = owner,
        };
        var journal = await place.OpenAsync(key, clock, logging.CreateLogger("Pelago.Journal"), cancellationToken);
        var random = RandomNumberGenerator.GetBytes(24);
        var runtime = new RuntimeOptions
        {
            Kernel = new KernelOptions
            {
                Region = region,
                Members = members,
                Session = Incarnation.Create(clock.GetUtcNow().ToUnixTimeMilliseconds(), random),
                Seed = BinaryPrimitives.ReadUInt64LittleEndian(random.AsSpan(16)),
                EntityMemoryBytes = options.EntityMemoryMebibytes * 1024L * 1024,
            },
            Services = services,
            MaxPendingRequests = options.MaxPendingRequests,
            RequestDeadlineMilliseconds = options.RequestDeadlineMilliseconds,
        };
        try
        {
            return await EntityRuntime.StartAsync(runtime, types, journal, dialler, new EntityOwners(instance), clock,
                logging.CreateLogger<EntityRuntime>(), cancellationToken);
        }
        catch
        {
            await journal.DisposeAsync();
            throw;
        }
    }
}
