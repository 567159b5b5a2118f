namespace Pelago.Tests.EndToEnd;

/// <summary>Real data through real failures: the machine's own package index (<see cref="BookstoreRun"/>). A part of it
/// goes the same way on PostgreSQL journals: <see cref="PostgresWorldTests"/>.</summary>
public sealed class BookstoreDataTests
{
    private const int PortBase = 25_100;
    private const int Connections = 8;

    [Fact]
    public async Task Import_WhileARegionIsKilledAndAnotherCutOff_LosesNothing()
    {
        var index = await PackageLists.WriteAsync(most: int.MaxValue);
        await using var world = await TestWorld.UpAsync(PortBase);
        await BookstoreRun.RunAsync(world, index, Connections, () => Task.CompletedTask);
        File.Delete(index);
    }
}
