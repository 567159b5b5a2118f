using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Tests.Unit;

/// <summary>The guard file of a journal that several processes have open, and that is the newest life's.</summary>
public sealed class GuardKeeperTests : IAsyncLifetime
{
    private static readonly Guid Journal = new("0190d1c0-0000-7000-8000-000000000001");
    private static readonly Incarnation Former = Incarnation.Create(1, new byte[10]);
    private static readonly Incarnation Later = Incarnation.Create(2, new byte[10]);

    private readonly string directory = Directory.CreateTempSubdirectory("pelago-guard-").FullName;
    private readonly FakeClock clock = new();
    private readonly GuardFile file;
    private ulong[]? stored = Heads(1);
    private int looks;

    public GuardKeeperTests() => file = new GuardFile(Path.Combine(directory, "guard.json"));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => file.WriteAsync(State(Former, 1), Cancelled);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Interval_OfAProcessWhoseLifeIsOver_LeavesTheFileAsItIs()
    {
        await using var keeper = Keeper(Former);
        await IntervalsAsync();
        await file.WriteAsync(State(Later, 2), Cancelled);
        stored = null;
        await IntervalsAsync();
        await ShouldSayAsync(Later, 2);
    }

    [Fact]
    public async Task File_ThatAFormerLifeWroteOverAMomentLate_IsOfTheNewestAgain()
    {
        await using var keeper = Keeper(Former);
        await keeper.WriteAsync(State(Later, 1), Cancelled);
        await file.WriteAsync(State(Former, 9), Cancelled);
        await IntervalsAsync();
        await ShouldSayAsync(Later, 1);
    }

    [Fact]
    public async Task File_InWhichAnotherProcessOfThisLifeNotedMore_IsNeverSetBack()
    {
        await using var keeper = Keeper(Former);
        await file.WriteAsync(State(Former, 5), Cancelled);
        stored = Heads(3);
        await IntervalsAsync();
        await ShouldSayAsync(Former, 5);
    }

    [Fact]
    public async Task File_OfALifeThatAnotherProcessStoppedCleanly_StaysStopped()
    {
        await using var keeper = Keeper(Former);
        await file.WriteAsync(State(Former, 5) with { Stopped = true }, Cancelled);
        stored = Heads(6);
        await IntervalsAsync();
        var (state, _) = await file.ReadAsync(Cancelled);
        state!.Stopped.ShouldBeTrue();
        state.Heads[3].ShouldBe(5ul);
    }

    private static ulong[] Heads(ulong third)
    {
        var heads = new ulong[EntityKey.Lanes];
        heads[3] = third;
        return heads;
    }

    private static GuardState State(Incarnation life, ulong third) => new(Journal, life, false, Heads(third));

    private GuardKeeper Keeper(Incarnation life) => new(file, State(life, 1),
        _ =>
        {
            Interlocked.Increment(ref looks);
            return Task.FromResult(stored);
        }, clock, 10, NullLogger.Instance);

    // One interval is over for certain when another has begun.
    private async Task IntervalsAsync()
    {
        var until = Volatile.Read(ref looks) + 2;
        await Eventually.BeTrue(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            return Volatile.Read(ref looks) >= until;
        }, "two intervals");
    }

    private async Task ShouldSayAsync(Incarnation life, ulong third)
    {
        var (state, problem) = await file.ReadAsync(Cancelled);
        problem.ShouldBeEmpty();
        state!.Incarnation.ShouldBe(life);
        state.Heads[3].ShouldBe(third);
    }
}
