using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Pelago.Client;
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
        => await StartAsync(
            new JournalOptions
            {
                DataDirectory = Path.Combine(directory, "journal"),
                GuardFile = Path.Combine(directory, "guard", "journal.json"),
                DataKeyMaxAgeDays = options.DataKeyMaxAgeDays,
                ConflictRetentionDays = options.ConflictRetentionDays,
            },
            new FileKeyEncryption(Path.Combine(directory, "kek.json")), RunningService.Alone,
            [RunningService.Alone], new NoPeers(), "alone", cancellationToken);

    /// <summary>In a region: the peers of its configuration, the journal's key and its database from the
    /// region.</summary>
    public async Task<EntityRuntime> InRegionAsync(
        DeployedEnvironment deployed, RegionAgent agent, CancellationToken cancellationToken)
    {
        var dialler = new IngressDialler(deployed.Service, () => agent.Configuration, ()
            => agent.Leaf, agent.Check, clock,
            logging.CreateLogger<IngressDialler>());
        var keys = new JournalKeySet(agent.Enrolment.JournalKey, agent.Enrolment.FormerJournalKeys);
        return await StartAsync(PlaceOf(deployed, agent.Enrolment.Database, options),
            new EnrolledJournalKey(keys, agent.RenewJournalKeyAsync), deployed.Region,
            agent.Configuration.Members, dialler, deployed.Instance, cancellationToken, agent.Configuration.Joins);
    }

    /// <summary>Where the journal of a service in a region lies.</summary>
    /// <param name="deployed">Who it is.</param>
    /// <param name="database">What the region gave it; null for its home.</param>
    /// <param name="options">How long things are kept.</param>
    internal static IJournalPlace PlaceOf(
        DeployedEnvironment deployed, JournalDatabase? database, PelagoOptions options)
    {
        var owner = $"service {deployed.Service.Project}/{deployed.Service.Service} in region {deployed.Region}";
        return database is null
            ? new JournalOptions
            {
                DataDirectory = Path.Combine(deployed.Home, "journal"), GuardFile = deployed.GuardFile, Owner = owner,
                DataKeyMaxAgeDays = options.DataKeyMaxAgeDays,
                ConflictRetentionDays = options.ConflictRetentionDays,
            }
            : new PostgresJournalOptions
            {
                ConnectionString = JournalServer.ConnectionString(
                    database.Host, database.Port, database.Name, database.User, database.Password),
                Schema = "pelago",
                GuardFile = deployed.GuardFile,
                Owner = owner,
                DataKeyMaxAgeDays = options.DataKeyMaxAgeDays,
                ConflictRetentionDays = options.ConflictRetentionDays,
            };
    }

    private async Task<EntityRuntime> StartAsync(
        IJournalPlace place, IKeyEncryption key, string region, IReadOnlyList<string> members,
        IPeerDialler dialler, string instance, CancellationToken cancellationToken, bool joins = false)
    {
        var journal = await place.OpenAsync(key, clock, logging.CreateLogger("Pelago.Journal"), cancellationToken);
        var random = RandomNumberGenerator.GetBytes(24);
        var runtime = new RuntimeOptions
        {
            Kernel = new KernelOptions
            {
                Region = region,
                Members = members,
                ConfigurationEpoch = joins ? 0ul : 1ul,
                Session = Incarnation.Create(clock.GetUtcNow().ToUnixTimeMilliseconds(), random),
                Seed = BinaryPrimitives.ReadUInt64LittleEndian(random.AsSpan(16)),
                Secrets = static bytes => RandomNumberGenerator.Fill(bytes),
                SubjectKeyRegions = options.SubjectKeyRegions.Count == 0 ? null : [.. options.SubjectKeyRegions],
                EntityMemoryBytes = options.EntityMemoryMebibytes * 1024L * 1024 ?? EntityMemory.DefaultBytes,
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
