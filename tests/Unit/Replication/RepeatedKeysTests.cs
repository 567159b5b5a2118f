using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>Which keys a command waits for that is given again when its events are final, and only in the
/// journal.</summary>
public sealed class RepeatedKeysTests
{
    private const long OfB = 7;
    private const long OfC = 8;
    private const string First = "patient-4711";
    private const string Second = "patient-4712";

    [Fact]
    public void Repeat_OfACommandThatMovedAMember_WaitsForItsKey()
    {
        var kernel = New().Give(k => k.Submit(Sealing("first", First), Began));
        var moved = System.Text.Encoding.UTF8.GetString(OfEntity(kernel).Single().Payload.Span);
        kernel.Give(k => k.Submit(Saying("k", 1, moved), kernel.Now));
        Settle(kernel, through: 2);
        Answered(kernel, 3);

        kernel.Give(k => k.Submit(Saying("k", 2, moved), kernel.Now));

        Answered(kernel, 3, "who has the events may not have the key");
        Asked(kernel).ShouldBe([First]);
        Held(kernel);
        Answered(kernel, 4);
        kernel.Kernel.Probes[Probe.MembersSearched].ShouldBe(1);
    }

    [Fact]
    public void Repeat_OfACommandBeforeOthersThatSealed_WaitsForItsOwnKeysAlone()
    {
        var kernel = New().Give(k => k.Submit(Sealing("k", First), Began));
        kernel.Give(k => k.Submit(Sealing("later", Second, begins: false), kernel.Now));
        Settle(kernel, through: 2);

        kernel.Give(k => k.Submit(Sealing("k", First, regions: 2), kernel.Now));

        Asked(kernel).ShouldBe([First]);
        Held(kernel);
        Answered(kernel, 4);
    }

    // What another region wrote meanwhile stands between its events, and is not final.
    [Fact]
    public void Repeat_OfACommandOfWhichHalfIsFinal_WaitsForTheKeysOfAll()
    {
        var kernel = New().Give(k => k.Submit(Sealing("k", [First, Second]), Began));
        Report(kernel, OfB, "b", 2);
        Report(kernel, OfC, "c", 2);
        kernel.Receive(OfB, 1, new EventRecord
        {
            Entity = Entity, Origin = B, Sequence = 1, Vector = Saw((B, 1)), PayloadName = "word",
            Payload = "between"u8.ToArray(), OriginPosition = 1, Timestamp = OfEntity(kernel).Last().Timestamp,
        });
        kernel.Kernel.Probes[Probe.BaseAdvanced].ShouldBe(1);

        kernel.Give(k => k.Submit(Sealing("k", [First, Second], regions: 2), kernel.Now));

        Asked(kernel).ShouldBe([First, Second], ignoreOrder: true);
    }

    [Fact]
    public void Repeat_OfACommandWhoseRowsAreGone_WaitsForTheKeysOfWhatIsInTheState()
    {
        var kernel = New().Give(k => k.Submit(Sealing("first", First), Began));
        var moved = System.Text.Encoding.UTF8.GetString(OfEntity(kernel).Single().Payload.Span);
        kernel.Give(k => k.Submit(Saying("k", 1, moved), kernel.Now));
        Settle(kernel, through: 2);
        kernel.RowsGone = 2;

        kernel.Give(k => k.Submit(Saying("k", 2, moved), kernel.Now));

        Asked(kernel).ShouldBe([First]);
    }

    [Fact]
    public void Repeat_OfACommandManyRowsAgo_FindsItsEventsPageByPage()
    {
        var kernel = New(pageRows: 2).Give(k => k.Submit(Sealing("k", [First, Second]), Began));
        for (var i = 0; i < 5; i++)
            kernel.Write();
        Settle(kernel, through: 7);

        kernel.Give(k => k.Submit(Sealing("k", [First, Second], regions: 2), kernel.Now));

        Asked(kernel).ShouldBe([First, Second], ignoreOrder: true);
    }

    [Fact]
    public void Repeat_WhileTheJournalCannotBeRead_IsRefusedAndNotLeftWaiting()
    {
        var kernel = New().Give(k => k.Submit(Sealing("k", First), Began));
        Settle(kernel, through: 1);
        kernel.FailRows = true;

        kernel.Give(k => k.Submit(Sealing("k", First, regions: 2), kernel.Now));

        var failed = kernel.Asked.OfType<CommandDone>().Last().Result;
        failed.Failure!.Error.ShouldBe(ErrorCodes.JournalUnavailable);
        failed.Points.ShouldNotBeEmpty("its write stands");
        kernel.FailRows = false;
        kernel.Give(k => k.Submit(Sealing("k", First, regions: 2), kernel.Now));
        Asked(kernel).ShouldBe([First]);
    }

    [Fact]
    public void Repeat_OfACommandThatSealedNothing_AsksNobody()
    {
        var kernel = New().Give(k => k.Submit(Sealing("sealed", First), Began));
        kernel.Give(k => k.Submit(Saying("k", 1, "word"), kernel.Now));
        Settle(kernel, through: 2);

        kernel.Give(k => k.Submit(Saying("k", 2, "word"), kernel.Now));

        Asked(kernel).ShouldBeEmpty();
        Answered(kernel, 4);
    }

    private static readonly Moment Began = new(1_000_000, 1_000);

    private static TestKernel New(int pageRows = 512)
        => new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => o with
        {
            Secrets = bytes => bytes.AsSpan().Fill(7), PageRows = pageRows,
        }).Linked(OfB, "b", holds: 0, givesKeys: true).Linked(OfC, "c", holds: 0, givesKeys: true);

    // All regions have it, and a write of the entity moves what is final out of memory.
    private static void Settle(TestKernel kernel, ulong through)
    {
        Report(kernel, OfB, "b", through);
        Report(kernel, OfC, "c", through);
        kernel.Write();
        kernel.Kernel.Probes[Probe.BaseAdvanced].ShouldBePositive();
        Report(kernel, OfB, "b", through + 1);
    }

    private static void Report(TestKernel kernel, long link, string region, ulong through)
        => kernel.Give(k => k.Received(link, new ReportFrame(Entity.Lane, new Origin(region, new Incarnation(1)), 0,
            [new LaneHolding(Entity.Lane, A, through)]), kernel.Now));

    private static IEnumerable<string> Asked(TestKernel kernel)
        => kernel.Sent<SubjectKeysHeldAskFrame>(OfB).SelectMany(f => f.Names).Select(n => n.Subject);

    private static void Held(TestKernel kernel) => kernel.Give(k => k.Received(OfB, new SubjectKeysHeldFrame(
        kernel.Sent<SubjectKeysHeldAskFrame>(OfB).Last().Names), kernel.Now));

    private static void Answered(TestKernel kernel, int commands, string why = "")
    {
        var done = kernel.Asked.OfType<CommandDone>().ToArray();
        done.Length.ShouldBe(commands, why);
        done.ShouldAllBe(d => d.Result.Failure == null);
    }

    private static IEnumerable<EventRecord> OfEntity(TestKernel kernel)
        => kernel.Appended.Where(e => e.Entity == Entity);

    private static CommandRequest Sealing(string key, string subject, int regions = 1, bool begins = true)
        => Command(key, regions, context => [Word(context, subject, begins)]);

    private static CommandRequest Sealing(string key, string[] subjects, int regions = 1)
        => Command(key, regions, context => [.. subjects.Select((s, i) => Word(context, s, begins: i == 0, i))]);

    private static CommandRequest Saying(string key, int regions, string word) => Command(key, regions, _ => [word]);

    private static CommandRequest Command(string key, int regions, Func<CommandContext, object[]> run) => new()
    {
        Entity = Entity, Command = "", DeadlineMilliseconds = 9_000, IdempotencyKey = key,
        Acknowledgement = Acknowledgement.Regions(regions),
        Handle = (_, _, context) => new Decision(run(context), _ => null, null, []),
    };

    // The state is all words one after another: so that it is the beginning of a list, for who looks for members in it.
    private static string Word(CommandContext context, string subject, bool begins, int inEvent = 0)
    {
        var member = context.Seal(subject, "name", "Ada", Guide.GuestJson.Default.String, inEvent);
        return $"{(begins ? "[" : "")}{{\"box\":\"{Convert.ToBase64String(member.Box.Span)}\"}},";
    }
}
