using System.Text.Json.Nodes;
using Pelago.Journal;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>What the guard file of an open journal says, and what that tells after a kill.</summary>
public abstract class GuardConformance : IAsyncLifetime
{
    private readonly FakeClock clock = new();
    private IStoreFixture fixture = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A fresh place for this kind of journal.</summary>
    protected abstract IStoreFixture CreateFixture();

    public ValueTask InitializeAsync()
    {
        fixture = CreateFixture();
        fixture.Clock = clock;
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await fixture.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Copy_OfBeforeTheLastIntervalPutBackAfterAKill_IsBroken()
    {
        var journal = await fixture.OpenAsync();
        await journal.OpenIncarnationAsync(Here, Cancelled);
        var lane = await journal.AcquireAsync(3);
        await journal.AppendAsync(Batch(lane, Own(Key(3), 1, 1)));
        var copy = await fixture.CopyAsync();
        await journal.AppendAsync(Batch(lane, Own(Key(3), 2, 2)));
        await Eventually.BeTrue(() => Head(3) == 2, "the guard file's note of it");
        await fixture.CrashAsync(journal);

        await using (var sound = await fixture.OpenAsync())
            sound.Identity.Continuity.ShouldBe(Continuity.Unclean);
        await fixture.RestoreAsync(copy);
        await using var restored = await fixture.OpenAsync();
        restored.Identity.Continuity.ShouldBe(Continuity.Broken);
        restored.Identity.Reason.ShouldContain("Lane 3 ended at 2 when the journal still ran and now ends at 1");
    }

    [Fact]
    public async Task File_OfALifeThatIsBroken_IsLeftAsItWasFound()
    {
        await using (var journal = await fixture.OpenAsync())
            await journal.OpenIncarnationAsync(Here, Cancelled);
        var content = (await File.ReadAllTextAsync(fixture.GuardFile, Cancelled))
            .Replace(Here.Incarnation.ToString(), Origin("us-east-1", 9).Incarnation.ToString());
        await File.WriteAllTextAsync(fixture.GuardFile, content, Cancelled);

        await using var other = await fixture.OpenAsync();
        other.Identity.Continuity.ShouldBe(Continuity.Broken);
        await Eventually.BeTrue(() => clock.ArmedTimers >= 3, "the interval, and those of key and ledger");
        var lane = await other.AcquireAsync(3);
        for (var i = 1ul; i <= 10; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            await other.AppendAsync(Batch(lane, Received(Key(3), i, i, i)));
        }
        (await File.ReadAllTextAsync(fixture.GuardFile, Cancelled)).ShouldBe(content);
    }

    private ulong Head(int lane)
    {
        clock.Advance(TimeSpan.FromSeconds(10));
        return JsonNode.Parse(File.ReadAllText(fixture.GuardFile))!["heads"]![lane]!.GetValue<ulong>();
    }
}
