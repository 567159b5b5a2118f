using System.Text.Json.Nodes;
using Npgsql;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>Several sessions at one journal: who is stuck, who is fenced, and what keeps a row from being there
/// twice.</summary>
public sealed class PostgresLaneTests(SharedServer server) : IAsyncDisposable
{
    private readonly PostgresFixture fixture = new(server.GetAsync);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task Writer_StuckInATransaction_HoldsUpItsLaneAlone()
    {
        await using var journal = await BeginAsync();
        var (three, four) = (await journal.AcquireAsync(3), await journal.AcquireAsync(4));
        await using var stuck = new NpgsqlConnection((await fixture.OptionsAsync()).ConnectionString);
        await stuck.OpenAsync(Cancelled);
        await using var transaction = await stuck.BeginTransactionAsync(Cancelled);
        await using (var hold = new NpgsqlCommand(
            $"UPDATE {fixture.Schema}.lane SET head = head + 1 WHERE lane = 3", stuck))
            await hold.ExecuteNonQueryAsync(Cancelled);

        var results = await journal.AppendAsync(
            [Batch(three, Own(Key(3), 1, 1)), Batch(four, Own(Key(4), 1, 1))], Cancelled);
        results.Select(r => r.Outcome).ShouldBe([CommitOutcome.Failed, CommitOutcome.Committed]);
        journal.Trouble!.Error.ShouldBe(ErrorCodes.JournalLaneHeld);
        journal.Trouble.Message.ShouldContain("lane 3");
        (await journal.ImageAsync(Key(3))).Rows.ShouldBeEmpty();
        var acquire = await Should.ThrowAsync<PelagoException>(() => journal.AcquireAsync(3).AsTask());
        acquire.Failure.Error.ShouldBe(ErrorCodes.JournalLaneHeld);

        await transaction.RollbackAsync(Cancelled);
        (await journal.AppendAsync(Batch(three, Own(Key(3), 1, 1)))).FirstPosition.ShouldBe(1ul);
        journal.Trouble.ShouldBeNull();
    }

    [Fact]
    public async Task Writer_ThatDoesNothingInATransaction_IsEndedByItsOwnLimit()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        var options = (await fixture.OptionsAsync()) with { IdleInTransactionTimeoutMilliseconds = 300 };
        var (stuck, _, _) = await new ServerSessions(options).OpenAsync(Cancelled);
        await using var session = stuck;
        await using var transaction = await stuck.BeginTransactionAsync(Cancelled);
        await using (var hold = new NpgsqlCommand($"SELECT 1 FROM {fixture.Schema}.lane FOR UPDATE", stuck))
            await hold.ExecuteNonQueryAsync(Cancelled);
        await Eventually.BeTrue(
            async () => (await journal.AppendAsync([Batch(lane, Own(Key(3), 1, 1))], Cancelled))[0].Outcome
                == CommitOutcome.Committed, "the end of the stuck session");
    }

    [Fact]
    public async Task Process_ThatLostALane_IsFencedThereAndNotElsewhere()
    {
        var first = await BeginAsync();
        var (three, four) = (await first.AcquireAsync(3), await first.AcquireAsync(4));
        await first.AppendAsync(Batch(three, Own(Key(3), 1, 1)));
        var second = await fixture.OpenAsync();
        second.Identity.Continuity.ShouldBe(Continuity.Unclean);
        var taken = await second.AcquireAsync(3);
        taken.Head.ShouldBe(1ul);
        await second.AppendAsync(Batch(taken, Own(Key(3), 2, 2)));

        var results = await first.AppendAsync(
            [Batch(three, Own(Key(3, 1), 1, 1, "the deposed one's")), Batch(four, Own(Key(4), 1, 1))], Cancelled);
        results.Select(r => r.Outcome).ShouldBe([CommitOutcome.Fenced, CommitOutcome.Committed]);
        (await second.ImageAsync(Key(3, 1))).Rows.ShouldBeEmpty();
        // What the second process wrote opens in the first, which did not know its salt.
        (await first.ImageAsync(Key(3))).Rows.Select(r => r.Event.Payload.Length).ShouldBe([7, 7]);
        (await second.ReadAllAsync(4)).Count.ShouldBe(1);

        await first.DisposeAsync();
        await second.DisposeAsync();
        await using var third = await fixture.OpenAsync();
        third.Identity.Continuity.ShouldBe(Continuity.Unclean, "neither had the whole journal when it stopped");
        (await third.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task Process_OfAFormerLife_IsFencedEverywhere()
    {
        await using var first = await BeginAsync();
        var lane = await first.AcquireAsync(3);
        await using var second = await fixture.OpenAsync();
        await second.OpenIncarnationAsync(Origin("us-east-1", 2), Cancelled);
        var results = await first.AppendAsync([Batch(lane, Own(Key(3), 1, 1))], Cancelled);
        results.Single().Outcome.ShouldBe(CommitOutcome.Fenced);
        var e = await Should.ThrowAsync<PelagoException>(() => first.AcquireAsync(3).AsTask());
        e.Failure.Error.ShouldBe(ErrorCodes.JournalReplaced);
    }

    [Fact]
    public async Task GuardFile_OfALifeThatIsOver_IsNotWrittenByItsProcess()
    {
        var clock = new FakeClock();
        fixture.Clock = clock;
        await using var first = await BeginAsync();
        await first.AppendAsync(Batch(await first.AcquireAsync(3), Own(Key(3), 1, 1)));
        fixture.Clock = new FakeClock();
        await using var second = await fixture.OpenAsync();
        await second.OpenIncarnationAsync(Origin("us-east-1", 2), Cancelled);
        var content = await File.ReadAllTextAsync(fixture.GuardFile, Cancelled);

        var looks = new HashSet<string>();
        await Eventually.BeTrue(async () =>
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            looks.Add((string)(await fixture.ExecuteAsync("SELECT coalesce(max(query_start::text), '') FROM "
                + $"pg_stat_activity WHERE query LIKE 'SELECT lane, epoch%{fixture.Schema}.lane%'"))!);
            return looks.Count >= 4;
        }, "several intervals of the first process");
        (await File.ReadAllTextAsync(fixture.GuardFile, Cancelled)).ShouldBe(content);
    }

    [Fact]
    public async Task GuardFile_OfOneLifeOfTwoProcesses_TellsWhatBothWrote()
    {
        var clock = new FakeClock();
        fixture.Clock = clock;
        await using var first = await BeginAsync();
        fixture.Clock = new FakeClock();
        await using var second = await fixture.OpenAsync();
        var lane = await second.AcquireAsync(3);
        await second.AppendAsync(Batch(lane, Own(Key(3), 1, 1), Own(Key(3), 2, 2)));
        await Eventually.BeTrue(async () =>
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            var guard = await File.ReadAllTextAsync(fixture.GuardFile, Cancelled);
            return JsonNode.Parse(guard)!["heads"]![3]!.GetValue<ulong>() == 2;
        }, "what the second process wrote, in the first one's note");
    }

    [Fact]
    public async Task Group_ThatArrivesAfterItWasSentAgain_ChangesNothing()
    {
        await using var link = new HeldLink((await server.GetAsync()).Socket);
        await using var journal = await BeginAsync(link);
        var lane = await journal.AcquireAsync(3);
        LaneBatch Moved(ulong position) => new()
        {
            Lane = 3, Epoch = lane.Epoch, Frontiers = [new Frontier(There, position, position)],
        };
        await journal.AppendAsync(Batch(lane, Received(Key(3), 1, 1, 5)));
        link.Hold();
        await journal.AppendAsync(Moved(10)); // breaks, and is sent again
        await journal.AppendAsync(Moved(20));
        await link.ReleaseAsync();
        (await journal.AcquireAsync(3)).Frontiers.ShouldBe([new Frontier(There, 20, 20)]);
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task Group_WhoseAnswerIsLost_IsFoundToBeCommitted()
    {
        await using var link = new HeldLink((await server.GetAsync()).Socket);
        await using var journal = await BeginAsync(link);
        var lane = await journal.AcquireAsync(3);
        for (ulong i = 1; i <= 3; i++)
        {
            link.LoseAnswer();
            (await journal.AppendAsync(Batch(lane, Own(Key(3), i, i)))).FirstPosition.ShouldBe(i);
        }
        (await journal.AppendAsync(Batch(lane, Own(Key(3), 4, 4)))).FirstPosition.ShouldBe(4ul);
        (await journal.ImageAsync(Key(3))).Rows.Count.ShouldBe(4);
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
    }

    [Fact]
    public async Task Row_ASecondTime_IsRefusedByTheStoreItself()
    {
        await using var journal = await BeginAsync();
        await journal.AppendAsync(Batch(await journal.AcquireAsync(3), Own(Key(3), 1, 1)));
        var e = await Should.ThrowAsync<PostgresException>(() => fixture.ExecuteAsync(
            $"INSERT INTO {fixture.Schema}.event SELECT * FROM {fixture.Schema}.event"));
        e.SqlState.ShouldBe(PostgresErrorCodes.UniqueViolation);
    }

    [Fact]
    public async Task Row_ThatSomebodyPutBehindTheWriter_FencesTheNextOfItsEntity()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        await journal.AppendAsync(Batch(lane, Own(Key(3), 1, 1)));
        await fixture.ExecuteAsync($"INSERT INTO {fixture.Schema}.event SELECT (json_populate_record(e, "
            + $"'{{\"local_sequence\": 2, \"position\": 9}}')).* FROM {fixture.Schema}.event e");
        var results = await journal.AppendAsync(
            [Batch(lane, Own(Key(3), 2, 2)), Batch(lane, Own(Key(3, 1), 1, 1))], Cancelled);
        results.Select(r => r.Outcome).ShouldBe([CommitOutcome.Fenced, CommitOutcome.Committed]);
        (await journal.ReadAllAsync(3, pageRows: 20)).Count.ShouldBe(2);
    }

    private async Task<IJournal> BeginAsync(HeldLink link)
    {
        var options = (await fixture.OptionsAsync()) with
        {
            ConnectionString = $"Host=127.0.0.1;Port={link.Port};Database=postgres;Username=postgres;"
                + $"Password={PostgresServer.Password}",
        };
        var journal = await fixture.OpenAsync(options);
        await journal.OpenIncarnationAsync(Here, Cancelled);
        return journal;
    }

    private async Task<IJournal> BeginAsync()
    {
        var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, Cancelled);
        return journal;
    }
}
