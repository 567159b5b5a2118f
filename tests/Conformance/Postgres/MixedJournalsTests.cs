using Pelago.Journal;
using Pelago.Replication;
using Pelago.Tests.Unit.Entities;

namespace Pelago.Tests.Conformance;

/// <summary>Regions that keep their journals in different stores, with real runtimes on them.</summary>
public sealed class MixedJournalsTests : IAsyncLifetime
{
    private readonly TestNetwork network = new(["embedded", "server"]);
    private PostgresServer server = null!;
    private TestRegion embedded = null!, onServer = null!;

    public async ValueTask InitializeAsync()
    {
        server = await PostgresServer.StartAsync();
        embedded = await TestRegion.StartAsync("embedded", network);
        onServer = await TestRegion.StartAsync("server", network, directory => new PostgresJournalOptions
        {
            ConnectionString = server.ConnectionString, Schema = "pelago_mixed",
            GuardFile = Path.Combine(directory, "guard.json"), DoubtMilliseconds = 300,
        });
    }

    public async ValueTask DisposeAsync()
    {
        await embedded.DisposeAsync();
        await onServer.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Regions_OnDifferentJournals_HoldTheSameAfterACutAndARestart()
    {
        await embedded.NoteAsync("a", "one");
        await onServer.NoteAsync("b", "two");
        await AgreeAsync(("a", 1), ("b", 1));
        network.Cut("server");
        await embedded.NoteAsync("a", "three");
        await onServer.NoteAsync("a", "four");
        await onServer.StrikeAsync("b", "two");
        await onServer.Runtime.DisposeAsync();
        await onServer.StartAgainAsync();
        onServer.Journal.Identity.Continuity.ShouldBe(Continuity.Clean);
        network.Heal("server");
        await AgreeAsync(("a", 3), ("b", 0));
    }

    [Fact]
    public async Task Region_WhoseServerWasRestored_BeginsANewLifeAndGetsBackWhatOthersHave()
    {
        await onServer.NoteAsync("a", "one");
        await AgreeAsync(("a", 1));
        await server.StopAsync("fast");
        var copy = await server.CopyAsync();
        await server.RunServerAsync();
        (await onServer.NoteAsync("a", "two")).ValueOrThrow();
        await AgreeAsync(("a", 2));
        var life = onServer.Journal.Identity.Incarnation;

        await server.StopAsync("fast");
        server.Restore(copy);
        await server.RunServerAsync();
        await onServer.NoteAsync("a", "refused");
        await Should.ThrowAsync<InvalidOperationException>(
            onServer.Runtime.Ended.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        await onServer.Runtime.DisposeAsync();
        await onServer.StartAgainAsync();
        await AgreeAsync(("a", 2));
        onServer.Journal.Identity.Incarnation.ShouldNotBe(life);
        (await onServer.NoteAsync("a", "three")).ValueOrThrow();
        await AgreeAsync(("a", 3));
    }

    private async Task AgreeAsync(params (string Id, int Words)[] expected)
    {
        foreach (var (id, words) in expected)
        {
            await Eventually.BeTrue(async () =>
            {
                var (here, there) = (await embedded.WordsAsync(id), await onServer.WordsAsync(id));
                return here.Failure is null && there.Failure is null && here.Value == there.Value
                    && here.Value!.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == words;
            }, $"{words} words of {id} in both regions");
        }
    }
}
