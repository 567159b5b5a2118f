using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>Whom a kernel asks for what it is owed, and how often.</summary>
public sealed class KernelGapTests
{
    private static readonly Origin Over = new("b", new Incarnation(0));

    private static readonly EventRecord[] Missing =
        [Write(Over, 1, 8, "first", position: 8), Write(Over, 2, 9, "second", position: 9)];

    [Fact]
    public void Gap_AMemberHasItLate_IsAskedAgainAndNothingIsGivenUp()
    {
        var kernel = Owing();
        Answer(kernel, 6_000, _ => ([], false)); // both say that they have nothing: it is on its way to c

        Answer(kernel, 8_000, link => (link == 2 ? Missing : [], false));

        kernel.Appended.ShouldBe(Missing);
        kernel.Alarms.ShouldNotContain(a => a.Kind == AlarmKind.EventsLost);
    }

    [Theory]
    [InlineData(5, 0, false)]
    [InlineData(9, 0, true)]
    [InlineData(9, 4, false)] // it has seen the fourth, and does not have it
    public void Gap_AMemberHoldsLessThanTheFrontierIsAboutToPass_IsNotClosedByItsAnswer(
        ulong holds, ulong lacksAfter, bool closes)
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => o with { MaxHeldPerEntity = 1 })
            .Linked(1, "b", 0)
            .Receive(1, 0, Write(Over, 2, 5, "second", position: 2), Write(Over, 4, 9, "fourth", position: 9))
            .Idle(1_600, 1);
        kernel.Give(k => k.Received(1, new ReportFrame(Entity.Lane, null, 0,
            [new LaneHolding(Entity.Lane, Over, holds)])
        {
            Lacks = lacksAfter == 0 ? [] : [new LackedEvents("text", Over, lacksAfter, 9)],
        }, kernel.Now));

        var all = Enumerable.Range(1, 4).Select(i => Write(Over, (ulong)i, i, "word", position: (ulong)i)).ToArray();
        Answer(kernel, 3_000, _ => (closes ? all : all[..3], false));

        kernel.Batches.Any(b => b.Settled.Count > 0).ShouldBe(closes);
    }

    [Fact]
    public void Gap_PartlyClosed_IsAskedForFromWhatIsMissing()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [new Owed(Entity, Over, 1, 8)], null)
            .Linked(1, "b", 0);
        var asked = new List<ulong>();
        for (var i = 0; i < 20; i++)
        {
            asked.AddRange(kernel.Sent<FetchFrame>(1).Select(f => f.From));
            Answer(kernel, 100, _ => (Missing, false));
        }

        asked.Distinct().ShouldBe([1ul, 3ul]);
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(4, true)]
    public void Gap_OfMoreThanAPage_IsAskedForPageByPageAsLongAsThereIsRoom(int room, bool goesOn)
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [new Owed(Entity, Over, 1, 1)],
            o => o with { MaxHeldPerEntity = room }).Read().Linked(1, "b", 0);
        var waiting = Enumerable.Range(1, 4).Select(i
            => Write(Over, (ulong)i, i + 5, "waits", Saw((C, 1)), position: (ulong)i)).ToArray();
        var asked = new List<ulong>();
        for (var i = 0; i < 20; i++)
        {
            asked.AddRange(kernel.Sent<FetchFrame>(1).Select(f => f.From));
            Answer(kernel, 100, _ => (waiting, true));
        }

        asked.Contains(5ul).ShouldBe(goesOn, "what finds no room leaves none for what comes after it");
    }

    [Fact]
    public void HoldBack_TwoBatchesOfTheSameTimeThatDoNotFitTogether_TakesOneOfThemWhole()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => o with { MaxHeldPerEntity = 8 })
            .Linked(1, "b", 0).Linked(2, "c", 0);
        for (var i = 0; i < 5; i++)
        {
            foreach (var (link, origin) in ((long, Origin)[])[(2, C), (1, B)])
                kernel.Receive(link, 0, OfBatch(origin, i));
        }

        kernel.Appended.Select(e => (e.Origin, e.Sequence)).ShouldBe([(B, 1), (B, 2), (B, 3), (B, 4), (B, 5)]);
    }

    private static EventRecord OfBatch(Origin origin, int index) => new()
    {
        Entity = Entity, Origin = origin, Sequence = (ulong)index + 1,
        Timestamp = new HybridTimestamp(9_000 + (ulong)index),
        Vector = VersionVector.Empty.With(origin, (ulong)index + 1), BatchIndex = index, BatchLength = 5,
        PayloadName = "word", Payload = "word"u8.ToArray(), OriginPosition = (ulong)index + 1,
    };

    [Fact]
    public void Gap_SomeCannotReadIt_TheOneWhoCanIsAsked()
    {
        var kernel = new TestKernel(["a", "b", "c", "d"], Continuity.Clean)
            .Linked(1, "b", 0).Linked(2, "c", 0).Linked(3, "d", 0).Receive(1, 0, Missing[1]).Idle(1_600, 1, 2, 3);

        Answer(kernel, 5_000, link => link == 3 ? (Missing, false) : ([], true));

        kernel.Appended.ShouldBe(Missing);
    }

    [Fact]
    public void Gap_GivenUpWhileTheJournalIsSlow_IsAlarmedOnce()
    {
        var kernel = Owing();
        Answer(kernel, 9_000, _ => ([], false));
        kernel.HoldGroups = true;

        Answer(kernel, 6_000, _ => ([], false));

        kernel.Alarms.Count(a => a.Kind == AlarmKind.EventsLost).ShouldBe(1);
    }

    [Fact]
    public void Gaps_OfTwoEntitiesWhoseCausesAreLost_DoNotWaitForEachOther()
    {
        var other = Enumerable.Range(0, 1_000).Select(i => new EntityKey("text", $"o{i}"))
            .First(e => e.Lane == Entity.Lane);
        var overToo = new Origin("c", new Incarnation(0));
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0).Linked(2, "c", 0)
            .Receive(1, 0, Write(Over, 1, 8, "waits", Saw((overToo, 1)), position: 8))
            .Receive(2, 0, Write(overToo, 1, 9, "waits", Saw((Over, 1)), position: 9, entity: other))
            .Idle(1_600, 1, 2);
        kernel.Owed.Count.ShouldBe(2);

        Answer(kernel, 14_000, _ => ([], false));

        kernel.Alarms.Count(a => a.Kind == AlarmKind.EventsLost).ShouldBe(2);
        kernel.Kernel.Describe(kernel.Now).Lanes[Entity.Lane].Owed.ShouldBe(0);
    }

    [Fact]
    public void Gap_OfADamagedEntity_IsNotAskedForInALoop()
    {
        var kernel = Owing();
        kernel.Damage = new Failure(ErrorCodes.JournalDamaged, "A row cannot be opened.");
        (kernel.FailGroups, kernel.HoldLoads) = (true, true);
        kernel.Write("lost").FailGroups = false; // it is read again
        kernel.Load().Asked.RemoveAll(e => e is SendFrame);
        kernel.Linked(3, "b", 0).Linked(4, "c", 0);

        Answer(kernel, 5_000, _ => (Missing, false)).ShouldBe(0);
        kernel.Appended.ShouldBeEmpty();
    }

    [Fact]
    public void Gaps_OfManyEntities_AreAskedForAFewAtATime()
    {
        var entities = Enumerable.Range(0, 10_000).Select(i => new EntityKey("text", $"o{i}"))
            .Where(e => e.Lane == Entity.Lane).Take(100).ToArray();
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [],
            [.. entities.Select(e => new Owed(e, Over, 1, 8))], o => o with { MaxFetchesPerLane = 4 });

        kernel.Linked(1, "b", 0).Idle(1_000, 1);

        kernel.Sent<FetchFrame>(1).Count().ShouldBe(4);
        var asked = new HashSet<EntityKey>();
        for (var i = 0; i < 100; i++)
        {
            asked.UnionWith(kernel.Sent<FetchFrame>(1).Select(f => f.Entity));
            Answer(kernel, 100, _ => ([], false));
        }
        asked.Count.ShouldBe(100, "each has its turn");
    }

    // b's life that is over lacks its first event here, durably noted, and both peers are linked.
    private static TestKernel Owing()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0).Linked(2, "c", 0)
            .Receive(1, 0, Missing[1]).Idle(1_600, 1, 2);
        kernel.Owed.ShouldHaveSingleItem();
        return kernel;
    }

    /// <summary>Lets time pass, and answers each fetch with events and whether there are more.</summary>
    /// <returns>How many there were.</returns>
    private static int Answer(
        TestKernel kernel, long milliseconds, Func<long, (EventRecord[] Events, bool More)> answer)
    {
        var answered = 0;
        for (var left = milliseconds; left > 0; left -= 100)
        {
            foreach (var sent in kernel.Asked.OfType<SendFrame>().Where(s => s.Frame is FetchFrame).ToArray())
            {
                kernel.Asked.Remove(sent);
                var (events, more) = answer(sent.Link);
                kernel.Give(k => k.Received(
                    sent.Link, new FetchedFrame(((FetchFrame)sent.Frame).Request, events, more), kernel.Now));
                answered++;
            }
            kernel.Idle(100, 1, 2, 3, 4);
        }
        return answered;
    }
}
