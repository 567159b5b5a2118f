using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>A server that goes away, comes back, and comes back as another one. Each test has a server of its own.
/// </summary>
public sealed class PostgresServerTests : IAsyncLifetime
{
    private PostgresServer server = null!;
    private PostgresFixture fixture = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server = await PostgresServer.StartAsync();
        fixture = new PostgresFixture(() => Task.FromResult(server), isShared: false);
    }

    public async ValueTask DisposeAsync()
    {
        await fixture.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Server_KilledDuringAppends_HoldsEveryAcknowledgedRow()
    {
        await using var journal = await BeginAsync(doubtMilliseconds: 30_000);
        var lane = await journal.AcquireAsync(3);
        var acknowledged = 0ul;
        var stop = false;
        var writing = Task.Run(async () =>
        {
            for (var next = 1ul; !Volatile.Read(ref stop);)
            {
                var commit = (await journal.AppendAsync([Batch(lane, Own(Key(3), next, next))], Cancelled))[0];
                if (commit.Outcome != CommitOutcome.Committed)
                    continue;
                commit.FirstPosition.ShouldBe(next);
                Volatile.Write(ref acknowledged, next++);
            }
        }, Cancelled);
        for (var round = 1ul; round <= 3; round++)
        {
            var before = Volatile.Read(ref acknowledged);
            await Eventually.BeTrue(() => Volatile.Read(ref acknowledged) > before + 50, "rows");
            await server.KillAsync();
            await server.RunServerAsync();
        }
        var last = Volatile.Read(ref acknowledged);
        await Eventually.BeTrue(() => Volatile.Read(ref acknowledged) > last, "a row after the restart");
        Volatile.Write(ref stop, true);
        await writing;
        journal.Trouble.ShouldBeNull();
        var positions = (await journal.ReadAllAsync(3, pageRows: 500)).Select(r => r.Position);
        positions.ShouldBe(Enumerable.Range(1, (int)acknowledged).Select(i => (ulong)i));
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task Server_StoppedAndStarted_FailsAppendsAndReadsAndGoesOn()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        await journal.AppendAsync(Batch(lane, Own(Key(3), 1, 1)));
        await server.StopAsync("fast");
        for (var i = 0; i < 3; i++)
        {
            var failed = await journal.AppendAsync([Batch(lane, Own(Key(3), 2, 2))], Cancelled);
            failed[0].Outcome.ShouldBe(CommitOutcome.Failed);
            journal.Trouble!.Error.ShouldBe(ErrorCodes.JournalServerAway);
            journal.Trouble.Next.ShouldNotBeEmpty();
        }
        var read = await Should.ThrowAsync<PelagoException>(() => journal.ImageAsync(Key(3)).AsTask());
        read.Failure.Error.ShouldBe(ErrorCodes.JournalServerAway);
        await server.RunServerAsync();
        (await journal.ImageAsync(Key(3))).Rows.Count.ShouldBe(1);
        (await journal.AppendAsync(Batch(lane, Own(Key(3), 2, 2)))).FirstPosition.ShouldBe(2ul);
        journal.Trouble.ShouldBeNull();
    }

    [Fact]
    public async Task Server_ThatHangs_FailsTheAppendInTimeAndNothingIsThereTwice()
    {
        var options = (await fixture.OptionsAsync()) with
        {
            DoubtMilliseconds = 300, StatementTimeoutMilliseconds = 1_000, ConnectTimeoutSeconds = 1,
        };
        var journal = await fixture.OpenAsync(options);
        await journal.OpenIncarnationAsync(Here, Cancelled);
        var lane = await journal.AcquireAsync(3);
        await journal.AppendAsync(Batch(lane, Own(Key(3), 1, 1)));
        var paused = await server.PauseAsync();
        var failed = await journal.AppendAsync([Batch(lane, Own(Key(3), 2, 2))], Cancelled);
        failed[0].Outcome.ShouldBe(CommitOutcome.Failed);
        journal.Trouble!.Error.ShouldBe(ErrorCodes.JournalServerAway);
        await PostgresServer.ResumeAsync(paused);

        // The group that was reported as failed is stored by then, or never will be.
        await Eventually.BeTrue(async () =>
        {
            try
            {
                var results = await journal.AppendAsync([Batch(lane, Own(Key(3), 2, 2))], Cancelled);
                return results[0].Outcome == CommitOutcome.Committed;
            }
            catch (PelagoException e)
            {
                e.Failure.Error.ShouldBe(ErrorCodes.JournalReplaced);
                e.Message.ShouldContain("turned out to be stored");
                return true;
            }
        }, "an answer");
        await journal.DisposeAsync();
        await using var again = await fixture.OpenAsync();
        (await again.ReadAllAsync(3)).Count.ShouldBe(2);
        (await again.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task Server_MadeReadOnly_FailsAppendsByNameAndGoesOn()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        await RestartAsync("-c default_transaction_read_only=on");
        (await journal.AppendAsync([Batch(lane, Own(Key(3), 1, 1))], Cancelled))[0].Outcome
            .ShouldBe(CommitOutcome.Failed);
        journal.Trouble!.Error.ShouldBe(ErrorCodes.JournalServerReadOnly);
        await RestartAsync("");
        await journal.AppendAsync(Batch(lane, Own(Key(3), 1, 1)));
    }

    [Fact]
    public async Task Server_RestoredToAnOlderState_EndsTheJournalAndThenItsLife()
    {
        var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        await journal.AppendAsync(Batch(lane, Own(Key(3), 1, 1)));
        await server.StopAsync("fast");
        var copy = await server.CopyAsync();
        await server.RunServerAsync();
        await journal.AppendAsync(Batch(lane, Own(Key(3), 2, 2)));
        await server.StopAsync("fast");
        server.Restore(copy);
        await server.RunServerAsync();

        var e = await Should.ThrowAsync<PelagoException>(
            () => journal.AppendAsync([Batch(lane, Own(Key(3), 3, 3))], Cancelled).AsTask());
        e.Failure.Error.ShouldBe(ErrorCodes.JournalReplaced);
        journal.Trouble!.Message.ShouldContain("older state");
        await Should.ThrowAsync<PelagoException>(() => journal.ImageAsync(Key(3)).AsTask());
        await journal.DisposeAsync();
        await using var again = await fixture.OpenAsync();
        again.Identity.Continuity.ShouldBe(Continuity.Broken);
    }

    [Fact]
    public async Task Server_RestoredWhileTheJournalWasClosed_BreaksItsLife()
    {
        await using (var journal = await BeginAsync())
        {
            var lane = await journal.AcquireAsync(3);
            await journal.AppendAsync(Batch(lane, Own(Key(3), 1, 1)));
            await server.StopAsync("fast");
            var copy = await server.CopyAsync();
            await server.RunServerAsync();
            await journal.AppendAsync(Batch(lane, Own(Key(3), 2, 2)));
            await journal.DisposeAsync();
            await server.StopAsync("fast");
            server.Restore(copy);
            await server.RunServerAsync();
        }
        await using var again = await fixture.OpenAsync();
        again.Identity.Continuity.ShouldBe(Continuity.Broken);
    }

    [Fact]
    public async Task Server_RestartedWhileNothingWasWritten_LeavesACleanStop()
    {
        await using (var journal = await BeginAsync())
        {
            await journal.AppendAsync(Batch(await journal.AcquireAsync(3), Own(Key(3), 1, 1)));
            await RestartAsync("");
        }
        await using var again = await fixture.OpenAsync();
        again.Identity.Continuity.ShouldBe(Continuity.Clean);
    }

    [Fact]
    public async Task Server_OnANewTimeline_BreaksTheLife()
    {
        await using (var journal = await BeginAsync())
            await journal.AppendAsync(Batch(await journal.AcquireAsync(3), Own(Key(3), 1, 1)));
        await server.StopAsync("fast");
        await File.WriteAllTextAsync(Path.Combine(server.Data, "recovery.signal"), "", Cancelled);
        await server.RunServerAsync("-c restore_command=/bin/false -c hot_standby=off");
        await server.ReadyAsync();
        await using var again = await fixture.OpenAsync();
        again.Identity.Continuity.ShouldBe(Continuity.Broken);
        again.Identity.Reason.ShouldContain("timeline 2");
    }

    [Fact]
    public async Task Server_ThatIsAStandby_IsRefused()
    {
        await using (await BeginAsync())
        {
        }
        await server.StopAsync("fast");
        await File.WriteAllTextAsync(Path.Combine(server.Data, "standby.signal"), "", Cancelled);
        await server.RunServerAsync("-c restore_command=/bin/false");
        var e = await Should.ThrowAsync<PelagoException>(fixture.OpenAsync);
        e.Failure.Error.ShouldBe(ErrorCodes.JournalServerReadOnly);
        e.Message.ShouldContain("standby");
    }

    [Theory]
    [InlineData("fsync")]
    [InlineData("full_page_writes")]
    public async Task Server_ThatMayLoseWrites_IsRefusedAlsoWhenItBecomesSoLater(string setting)
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        await RestartAsync($"-c {setting}=off");
        var e = await Should.ThrowAsync<PelagoException>(fixture.OpenAsync);
        e.Failure.Error.ShouldBe(ErrorCodes.JournalServerUnsafe);
        e.Message.ShouldContain(setting);
        (await journal.AppendAsync([Batch(lane, Own(Key(3), 1, 1))], Cancelled))[0].Outcome
            .ShouldBe(CommitOutcome.Failed);
        journal.Trouble!.Error.ShouldBe(ErrorCodes.JournalServerUnsafe);
    }

    private async Task RestartAsync(string settings)
    {
        await server.StopAsync("fast");
        await server.RunServerAsync(settings);
    }

    private async Task<IJournal> BeginAsync(int doubtMilliseconds = 300)
    {
        var options = (await fixture.OptionsAsync()) with { DoubtMilliseconds = doubtMilliseconds };
        var journal = await fixture.OpenAsync(options);
        await journal.OpenIncarnationAsync(Here, Cancelled);
        return journal;
    }
}
