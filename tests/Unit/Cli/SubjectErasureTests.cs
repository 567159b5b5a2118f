using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.Unit.Cli;

/// <summary>How a subject is erased in a group of which some regions do not do as they are told.</summary>
public sealed class SubjectErasureTests
{
    private static readonly Failure NoAnswer = new(ErrorCodes.ServerUnreachable, "The API does not answer.", "Wait.");
    private static readonly Failure Unknown = new(ErrorCodes.SubjectUnknown, "It knows no such subject.", "Compare.");
    private static readonly Failure Parked = new(ErrorCodes.EntityParked, "Its entity is parked.", "Look at it.");
    private readonly Dictionary<string, Queue<string>> states = [];
    private readonly Dictionary<string, Failure> refusals = [];
    private readonly List<(string Region, bool Force)> told = [];
    private readonly StringWriter progress = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Erase_InARegionThatDoesNotAnswer_IsDemandedOfTheNextAlthoughItDoesNotKnowTheSubject()
    {
        Shows("us", "Known", "Known", "Forgotten");
        Shows("eu", "Unknown", "Unknown", "Forgotten");
        refusals["us"] = NoAnswer;

        var found = await EraseAsync(needed: 2);

        told.ShouldBe([("us", false), ("eu", true)]);
        found.ShouldAllBe(r => r.IsForgotten);
    }

    [Fact]
    public async Task Erase_ThatARegionCarriedOutWithoutAnAnswer_IsWaitedForAndNotSaidToHaveFailed()
    {
        Shows("us", "Known", "Forgotten");
        Shows("eu", "Unknown", "Unknown", "Forgotten");
        (refusals["us"], refusals["eu"]) = (NoAnswer, Parked);

        (await EraseAsync(needed: 2)).ShouldAllBe(r => r.IsForgotten);
    }

    [Fact]
    public async Task Erase_ThatNoRegionAnswers_SaysWhereItIsNotKnown()
    {
        Shows("us", "Known");
        Shows("eu", "Known");
        (refusals["us"], refusals["eu"]) = (Parked, NoAnswer);

        var failed = (await Should.ThrowAsync<PelagoException>(() => EraseAsync(needed: 2))).Failure;

        failed.Error.ShouldBe(ErrorCodes.ServerUnreachable);
        failed.Message.ShouldBe("The API does not answer; whether the subject was erased in eu is not known, and no "
            + "region that answers has it erased.");
        failed.Next.ShouldStartWith("Repeat the command");
    }

    [Fact]
    public async Task Erase_ThatEveryRegionRefuses_SaysWhatTheFirstSaid()
    {
        Shows("us", "Known");
        Shows("eu", "Unknown");
        (refusals["us"], refusals["eu"]) = (Parked, Unknown);

        (await Should.ThrowAsync<PelagoException>(() => EraseAsync(needed: 2))).Failure.ShouldBe(Parked);
    }

    [Fact]
    public async Task Erase_ConfirmedByARegionThatThenDoesNotAnswer_StaysConfirmed()
    {
        Shows("us", "Known", "Forgotten", States.Unreachable);
        Shows("eu", "Known", "Known", "Forgotten");

        var found = await EraseAsync(needed: 2);

        found.Select(r => (r.Region, r.State)).ShouldBe([("us", "Forgotten"), ("eu", "Forgotten")]);
        SubjectText.Show(Terminal, found, 2, OutputFormat.Json).ShouldBe(0);
        progress.ToString().ShouldContain("us");
    }

    private Terminal Terminal => new(new StringWriter(), progress, colourOutput: false, colourError: false);

    // In each round of questions the next; the last one stays.
    private void Shows(string region, params string[] inTurn) => states[region] = new Queue<string>(inTurn);

    private async Task<IReadOnlyList<SubjectRegion>> EraseAsync(int needed)
    {
        var clock = new FakeClock();
        var erasure = new SubjectErasure([.. states.Keys], new SubjectCalls(LookAsync, EraseAsync), Terminal, clock);
        var done = EndAsync();
        while (!done.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }
        return await done;

        async Task<IReadOnlyList<SubjectRegion>> EndAsync() => await erasure.EraseAsync(
            await erasure.LookAsync(Stop), force: false, needed, TimeSpan.FromSeconds(30), Stop);
    }

    private Task<SubjectView> LookAsync(string region, CancellationToken cancellationToken)
    {
        var shown = states[region].Count > 1 ? states[region].Dequeue() : states[region].Peek();
        return shown == States.Unreachable ? Task.FromException<SubjectView>(NoAnswer.ToException())
            : Task.FromResult(new SubjectView(region, shown, 1));
    }

    private Task EraseAsync(string region, bool force, CancellationToken cancellationToken)
    {
        told.Add((region, force));
        return refusals.TryGetValue(region, out var refusal) ? Task.FromException(refusal.ToException())
            : Task.CompletedTask;
    }
}
