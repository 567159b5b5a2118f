namespace Pelago.Tests.Unit;

/// <summary>A federation plane and the regions of its group, all in this process. The regions end first.</summary>
internal sealed class LocalGroup : IAsyncDisposable
{
    private LocalGroup(LocalFederation federation, IReadOnlyList<LocalRegion> regions)
        => (Federation, Regions) = (federation, regions);

    public LocalFederation Federation { get; }

    /// <summary>In the order of their names as given.</summary>
    public IReadOnlyList<LocalRegion> Regions { get; }

    public static async Task<LocalGroup> StartAsync(params string[] names)
    {
        var federation = await LocalFederation.StartAsync(names);
        try
        {
            return new LocalGroup(federation, await LocalRegion.StartAsync(federation));
        }
        catch
        {
            await federation.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var region in Regions)
            await region.DisposeAsync();
        await Federation.DisposeAsync();
    }
}
