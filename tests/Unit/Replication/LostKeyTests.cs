using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;
using static Pelago.Tests.Unit.KernelSubjectTests;

namespace Pelago.Tests.Unit;

/// <summary>Keys that nobody has, as far as anybody says: how long they are asked for, and what is shown
/// meanwhile.</summary>
public sealed class LostKeyTests
{
    private const long OfB = 7;
    private const long OfC = 8;
    private const string Subject = "patient-4711";
    private static readonly SubjectKey Key = KeyOf(Subject, 1);

    [Fact]
    public void Key_ThatEveryRegionLacks_IsGivenUpAlarmedAndAskedForAgainWhenSomebodyNeedsIt()
    {
        var kernel = New().Receive(OfB, 1, Made(1, Key)).Wait(100);
        Lack(kernel, OfB, kernel.Sent<SubjectKeysAskFrame>(OfB).Single().Names);
        Open(kernel, Key).ShouldBe(nameof(Unreadable.NoKey), "one more may have it");
        kernel.Idle(1_000, OfB, OfC);
        Lack(kernel, OfC, kernel.Sent<SubjectKeysAskFrame>(OfC).First().Names);

        Open(kernel, Key).ShouldBe(nameof(Unreadable.Lost));
        var asked = Asked(kernel);
        kernel.Idle(59_000, OfB, OfC);
        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.SubjectKeysLost && !a.Text.Contains(Subject));
        Open(kernel, Key).ShouldBe(nameof(Unreadable.Lost));
        kernel.Idle(1_000, OfB, OfC);
        Asked(kernel).ShouldBe(asked);
        Open(kernel, Key).ShouldBe(nameof(Unreadable.Lost));
        kernel.Idle(1_000, OfB, OfC);
        Asked(kernel).ShouldBeGreaterThan(asked, "a minute later it is asked for again");
        kernel.Give(k => k.Received(OfC, new SubjectKeysFrame([Key]), kernel.Now));

        Open(kernel, Key).ShouldBe("Ada");
    }

    [Fact]
    public void Key_LackingSaidByAFormerProcess_IsAskedForAgain()
    {
        var kernel = New().Receive(OfB, 1, Made(1, Key)).Wait(100);
        Lack(kernel, OfB, [NameOf(Key)]);
        Lack(kernel, OfC, [NameOf(Key)]);
        Open(kernel, Key).ShouldBe(nameof(Unreadable.Lost));

        kernel.Give(k => k.LinkClosed(OfB, kernel.Now)).Linked(9, "b", holds: 0, givesKeys: true, session: 61);

        Open(kernel, Key).ShouldBe(nameof(Unreadable.NoKey), "its next one may be over a copy that has it");
        kernel.Wait(100).Sent<SubjectKeysAskFrame>(9).ShouldHaveSingleItem();
    }

    [Fact]
    public void Keys_AskedForInVain_MakeRoomForOthers()
    {
        var kernel = New(o => o with { MaxWantedSubjectKeys = 2 }, away: "c");
        for (var i = 1; i <= 2; i++)
            kernel.Receive(OfB, (ulong)i, Made((ulong)i, KeyOf(Subject, i), position: (ulong)i));
        kernel.Wait(100);
        kernel.Receive(OfB, 3, Made(3, KeyOf(Subject, 3), position: 3)).Idle(1_000, OfB);
        Names(kernel).ShouldNotContain(KeyOf(Subject, 3).Id, "the first two may come");

        Lack(kernel, OfB, [NameOf(KeyOf(Subject, 1)), NameOf(KeyOf(Subject, 2))]);
        Open(kernel, KeyOf(Subject, 3)).ShouldBe(nameof(Unreadable.NoKey));
        kernel.Idle(1_000, OfB);

        Names(kernel).ShouldContain(KeyOf(Subject, 3).Id);
        Open(kernel, KeyOf(Subject, 1)).ShouldBe(nameof(Unreadable.NoKey), "c, which is away, may have it");
    }

    [Fact]
    public void Key_AskedForWhereItIsNot_IsSaidToBeLackingAndOfAForgottenSubjectNothingIs()
    {
        var kernel = New().Accepted(9, "b", givesKeys: true);
        Ask();
        kernel.Sent<SubjectKeysLackingFrame>(9).ShouldHaveSingleItem().Names.ShouldBe([NameOf(Key)]);
        kernel.Receive(OfB, 1, new EventRecord
        {
            Entity = Key.Subject, Origin = B, Sequence = 1, Vector = Saw((B, 1)), OriginPosition = 1,
            Timestamp = HybridTimestamp.At(1_001), PayloadName = "subject-forgotten", Payload = "{}"u8.ToArray(),
        });

        Ask();

        kernel.Sent<SubjectKeysLackingFrame>(9).ShouldHaveSingleItem("that it was forgotten is on its way");

        void Ask() => kernel.Give(k => k.Received(9, new SubjectKeysAskFrame([NameOf(Key)]), kernel.Now));
    }

    [Fact]
    public void Member_InARegionThatWasRemoved_IsUnclear()
    {
        var kernel = New().Give(k => k.Received(OfB, new SubjectKeysFrame([Key]), new Moment(1_000_000, 1_000)));
        kernel.Receive(OfB, 1, Made(1, Key));
        Open(kernel, Key).ShouldBe("Ada");

        kernel.Give(k => k.Received(
            OfB, new ConfigurationFrame(k.Configuration.Without("a")), kernel.Now)).Idle(1_000, OfB, OfC);

        Open(kernel, Key).ShouldBe(nameof(Unreadable.Unclear), "it hears of no forgetting any more");
    }

    private static TestKernel New(Func<KernelOptions, KernelOptions>? adjust = null, string away = "")
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [], adjust)
            .Linked(OfB, "b", holds: 0, givesKeys: true);
        return away == "c" ? kernel : kernel.Linked(OfC, "c", holds: 0, givesKeys: true);
    }

    private static void Lack(TestKernel kernel, long link, IReadOnlyList<SubjectKeyName> names)
        => kernel.Give(k => k.Received(link, new SubjectKeysLackingFrame(names), kernel.Now));

    private static int Asked(TestKernel kernel)
        => kernel.Sent<SubjectKeysAskFrame>(OfB).Count() + kernel.Sent<SubjectKeysAskFrame>(OfC).Count();

    private static IEnumerable<SubjectKeyId> Names(TestKernel kernel)
        => kernel.Sent<SubjectKeysAskFrame>(OfB).SelectMany(f => f.Names).Select(n => n.Id);

    private static SubjectKeyName NameOf(SubjectKey key) => new(key.Subject.Id, key.Id);
}
