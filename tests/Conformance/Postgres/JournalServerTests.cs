using Npgsql;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Tests.Conformance;

/// <summary>A server as whoever keeps it uses it. It is stopped and set read-only here, so it is this class's
/// own.</summary>
public sealed class JournalServerTests(JournalServerTests.Own own) : IClassFixture<JournalServerTests.Own>
{
    private const string First = "shop/cart's \"best\"", Second = "shop/orders";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Prepare_AtOnceAndAgain_MakesOneDatabaseWithTheLastPassword()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => own.Keeper.PrepareAsync(First, "one", Cancelled)));
        await own.OpenAsync(First, First, "one");
        await own.Keeper.PrepareAsync(First, "two", Cancelled);
        await own.OpenAsync(First, First, "two");
        await RefusedAsync(First, First, "one", "28P01");
    }

    [Fact]
    public async Task Prepare_TwoServices_NeitherEntersTheOthersNorTheKeepersDatabase()
    {
        await own.Keeper.PrepareAsync(First, "one", Cancelled);
        await own.Keeper.PrepareAsync(Second, "two", Cancelled);
        await own.OpenAsync(Second, Second, "two");
        await RefusedAsync(First, Second, "two", "42501");
        await using var session = await own.OpenAsync(Second, Second, "two");
        foreach (var sql in new[] { "CREATE ROLE thief", "CREATE DATABASE thief", "SELECT * FROM pg_authid" })
        {
            await using var command = new NpgsqlCommand(sql, session);
            (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Cancelled))).SqlState
                .ShouldBe("42501", sql);
        }
    }

    [Fact]
    public async Task Prepare_ServerThatRefuses_LogsNoPassword()
    {
        await own.Keeper.PrepareAsync(Second, "two", Cancelled);
        await ReconfigureAsync("SET default_transaction_read_only = on");
        await Eventually.BeTrue(async () => (await LookAsync())
            is { Flush: null, Refusal.Error.Code: "PLG4021" }, "a server that takes no writes");
        (await Should.ThrowAsync<PelagoException>(() => own.Keeper.PrepareAsync(Second, "very-secret", Cancelled)))
            .Failure.Error.ShouldBe(ErrorCodes.JournalServerReadOnly);
        await ReconfigureAsync("RESET default_transaction_read_only");
        await Eventually.BeTrue(async () => (await LookAsync())
            is { Flush: not null, Refusal: null }, "a server that takes writes");
        var log = await File.ReadAllTextAsync(own.Server.LogFile, Cancelled);
        log.ShouldContain("STATEMENT:  ALTER ROLE");
        log.ShouldNotContain("very-secret");
    }

    [Fact]
    public async Task Examine_ServerOfUs_TellsVersionSettingsAndTime()
    {
        var health = await LookAsync();
        health.Version.ShouldMatch(@"^\d+\.\d+$");
        health.Settings.ShouldBe(["fsync on", "synchronous_commit on", "full_page_writes on", "read-write"]);
        health.Flush!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        (await own.Keeper.ExamineAsync(probes: false, TimeProvider.System, Cancelled)).Flush
            .ShouldBeNull("a look writes nothing");
    }

    [Theory]
    [InlineData("wrong password", "PLG4003")]
    [InlineData("nobody listens", "PLG4020")]
    public async Task Examine_ThatCannotBe_SaysWhy(string what, string code)
    {
        var keeper = new JournalServer(
            what[0] == 'n' ? "/nonexistent" : own.Server.Directory, 5432, "postgres", "not it");
        (await Should.ThrowAsync<PelagoException>(() => keeper.ExamineAsync(
            probes: true, TimeProvider.System, Cancelled))).Failure.Error.Code.ShouldBe(code);
    }

    private Task<ServerHealth> LookAsync()
        => own.Keeper.ExamineAsync(probes: true, TimeProvider.System, Cancelled);

    private async Task ReconfigureAsync(string what)
    {
        await own.Server.ExecuteAsync($"ALTER SYSTEM {what}");
        await own.Server.ExecuteAsync("SELECT pg_reload_conf()");
    }

    private async Task RefusedAsync(string database, string user, string password, string state)
        => (await Should.ThrowAsync<PostgresException>(() => own.OpenAsync(database, user, password))).SqlState
            .ShouldBe(state);

    /// <summary>The server.</summary>
    public sealed class Own : IAsyncLifetime
    {
        /// <summary>The server.</summary>
        public PostgresServer Server { get; private set; } = null!;

        /// <summary>The one who keeps it.</summary>
        public JournalServer Keeper => new(Server.Directory, 5432, "postgres", PostgresServer.Password);

        public async ValueTask InitializeAsync() => Server = await PostgresServer.StartAsync();

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        /// <summary>Opens a session.</summary>
        public async Task<NpgsqlConnection> OpenAsync(string database, string user, string password)
        {
            var session = new NpgsqlConnection(
                JournalServer.ConnectionString(Server.Directory, 5432, database, user, password) + ";Pooling=false");
            await session.OpenAsync(CancellationToken.None);
            return session;
        }
    }
}
