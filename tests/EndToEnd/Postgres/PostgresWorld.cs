using Npgsql;
using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>A world whose journals lie on PostgreSQL, for the tests of one class.</summary>
public sealed class PostgresWorld : IAsyncLifetime
{
    public const int PortBase = 27_500;

    internal TestWorld World { get; private set; } = null!;

    public async ValueTask InitializeAsync() => World = await TestWorld.UpAsync(PortBase, "--journal", "postgres");

    public ValueTask DisposeAsync() => World.DisposeAsync();

    /// <summary>The home of a region's server.</summary>
    internal ServerHome HomeOf(string region) => new(WorldDirectory.At(World.Data).ServerHome(region));

    /// <summary>Every living process of a region's server.</summary>
    internal IReadOnlyList<ProcessIdentity> ProcessesOf(string region) => ServerProcess.Living(HomeOf(region).Path);

    /// <summary>The administrator's password.</summary>
    internal string PasswordOf(string region) => File.ReadAllText(HomeOf(region).PasswordFile).Trim();

    /// <summary>Runs a statement as the administrator and gives the first column.</summary>
    internal async Task<IReadOnlyList<string>> QueryAsync(string region, string sql)
    {
        var port = WorldDirectory.At(World.Data).Read().Regions.Single(r => r.Name == region).ServerPort;
        await using var session = new NpgsqlConnection(Journal.JournalServer.ConnectionString(
            "127.0.0.1", port, "postgres", ServerHome.Administrator, PasswordOf(region)) + ";Pooling=false");
        await session.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, session);
        await using var rows = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var found = new List<string>();
        while (await rows.ReadAsync(TestContext.Current.CancellationToken))
            found.Add($"{rows.GetValue(0)}");
        return found;
    }

    /// <summary>What the status says of a region's server.</summary>
    internal static ServerStatus ServerIn(StatusDocument status, string region)
        => status.Servers.Single(server => server.Region == region);
}
