using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Bench.Load;

/// <summary>A runtime as a service has it: encrypted journal, in a directory that is
/// removed afterwards.</summary>
public sealed class BenchRegion : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("pelago-bench-").FullName;

    private BenchRegion()
    {
    }

    /// <summary>The runtime.</summary>
    public EntityRuntime Runtime { get; private set; } = null!;

    /// <summary>The type that is written.</summary>
    public EntityType Type { get; } = EntityType.Of<Order>();

    /// <summary>Where its journal is.</summary>
    public string DataDirectory => directory;

    /// <summary>Starts one on SQLite.</summary>
    public static async Task<BenchRegion> StartAsync(
        string name, IReadOnlyList<string> members, IPeerDialler dialler, CancellationToken cancellationToken)
        => await StartAsync(name, members, dialler, JournalStores.Sqlite, cancellationToken);

    /// <summary>Starts one on a store.</summary>
    public static async Task<BenchRegion> StartAsync(
        string name, IReadOnlyList<string> members, IPeerDialler dialler, JournalStore store,
        CancellationToken cancellationToken)
    {
        var region = new BenchRegion();
        var journal = await store(region.directory, cancellationToken);
        var random = new byte[16];
        Random.Shared.NextBytes(random);
        var options = new RuntimeOptions
        {
            Kernel = new KernelOptions
            {
                Region = name, Members = members, Seed = 1, EntityMemoryBytes = EntityMemory.DefaultBytes,
                Session = Incarnation.Create(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), random),
            },
        };
        region.Runtime = await EntityRuntime.StartAsync(options, new EntityTypes([region.Type]), journal, dialler,
            new EntityOwners(name), TimeProvider.System, NullLogger.Instance, cancellationToken);
        return region;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Runtime.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}
