using System.Text;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>An event that forgets a subject, and has come before its causes: it is obeyed at once, and said to be so
/// once it is kept.</summary>
public sealed class HeldForgettingTests
{
    private const long OfB = 7;
    private const long OfC = 8;
    private const long ToB = 9;
    private const string Subject = "patient-4711";
    private static readonly SubjectKey Key = KernelSubjectTests.KeyOf(Subject, 1);
    private static readonly SubjectKey Other = KernelSubjectTests.KeyOf(Subject, 2);

    [Fact]
    public void Forgetting_ThatWaitsForItsCauses_DeletesTheKeysAtOnceAndNothingBringsThemBack()
    {
        var kernel = Holding();

        kernel.Batches.SelectMany(b => b.ForgottenSubjects).ShouldHaveSingleItem().ShouldBe(Key.Subject);
        kernel.Appended.ShouldHaveSingleItem("it waits");
        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Forgotten));
        kernel.Give(k => k.Received(OfB, new SubjectKeysFrame([Key]), kernel.Now));
        kernel.Give(k => k.Received(ToB, new SubjectKeysAskFrame([new SubjectKeyName(Subject, Key.Id)]), kernel.Now));
        kernel.Give(k => k.Submit(KernelSubjectTests.Sealing(Entity, Subject), kernel.Now));
        kernel.Wait(100);

        kernel.Batches.SelectMany(b => b.SubjectKeys).ShouldHaveSingleItem("that of before");
        kernel.Sent<SubjectKeysFrame>(ToB).ShouldBeEmpty();
        kernel.Sent<SubjectKeysLackingFrame>(ToB).ShouldBeEmpty("the event says more");
        kernel.Sent<SubjectKeysAskFrame>(OfB).ShouldBeEmpty();
        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure!.Error
            .ShouldBe(ErrorCodes.SubjectForgotten);
    }

    [Fact]
    public void Forgetting_ThatWaitsForItsCauses_IsNotShownAsDoneBeforeItIsKept()
    {
        var kernel = Holding();
        Standing(kernel).ShouldBe(new SubjectStanding(1, IsForgotten: false), "the next process does not know of it");

        kernel.Receive(OfC, 1, KernelSubjectTests.Made(1, Other, by: C));

        Standing(kernel).ShouldBe(new SubjectStanding(2, IsForgotten: true));
        kernel.Wait(100);
        kernel.Sent<SubjectKeysAskFrame>(OfC).ShouldBeEmpty("nobody is to have its other key either");
    }

    [Fact]
    public void Forgetting_DemandedHereWhileAnotherWaits_IsWrittenAndDone()
    {
        var kernel = Holding();

        kernel.Give(k => k.Submit(new CommandRequest
        {
            Entity = Key.Subject, Command = SubjectType.Forget, DeadlineMilliseconds = 9_000,
            Handle = SubjectType.Type.Handler(SubjectType.Forget.GetType())!,
        }, kernel.Now));

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure.ShouldBeNull();
        Standing(kernel).IsForgotten.ShouldBeTrue();
    }

    [Fact]
    public void Forgetting_WhoseGroupFails_IsNotForgottenByThisProcess()
    {
        var kernel = WithKey();
        kernel.FailGroups = true;
        kernel.Receive(OfB, 2, Forgotten());
        kernel.FailGroups = false;
        kernel.Wait(1_000);

        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Forgotten));
    }

    // What finds no room is fetched, from whoever can be reached; until then this process knows it.
    [Fact]
    public void Forgetting_ThatFindsNoRoom_IsNotForgottenWithItsEntity()
    {
        var kernel = WithKey(o => o with { MaxHeldPerEntity = 0, EntityMemoryBytes = 1 });

        kernel.Receive(OfB, 2, Forgotten());
        kernel.Kernel.Probes[Probe.HoldBackOverflow].ShouldBe(1, "else this shows nothing");
        kernel.Idle(2_000, OfB, OfC);

        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Forgotten));
        kernel.Give(k => k.Received(OfB, new SubjectKeysFrame([Key]), kernel.Now));
        kernel.Batches.SelectMany(b => b.SubjectKeys).ShouldHaveSingleItem("that of before");
    }

    // No row of it is damaged: the event comes, and until then a restart knows nothing of it.
    [Fact]
    public void Forgetting_OfASubjectThatCannotBeReadForAWhile_IsNotShownAsDone()
    {
        var kernel = New(o => o);
        kernel.HoldLoads = true;
        kernel.Receive(OfB, 2, Forgotten());
        var failure = new Failure(ErrorCodes.JournalUnavailable, "The disk did not answer.");
        for (var time = 0; time < 6_000; time += 100)
        {
            foreach (var load in kernel.Asked.OfType<LoadEntity>().ToArray())
            {
                kernel.Asked.Remove(load);
                kernel.Give(k => k.LoadFailed(load.Entity, failure, kernel.Now));
            }
            kernel.Idle(100, OfB, OfC);
        }

        kernel.Owed.ShouldHaveSingleItem("else this shows nothing");
        Ask(kernel).Failure.ShouldBe(failure);
        Ask(kernel).Value.ShouldBeNull();
    }

    private static TestKernel Holding() => WithKey().Receive(OfB, 2, Forgotten());

    private static TestKernel New(Func<KernelOptions, KernelOptions> adjust)
        => new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => adjust(o with
        {
            Secrets = bytes => bytes.AsSpan().Fill(7),
        })).Linked(OfB, "b", holds: 0, givesKeys: true).Linked(OfC, "c", holds: 0, givesKeys: true)
            .Accepted(ToB, "b", givesKeys: true);

    private static TestKernel WithKey(Func<KernelOptions, KernelOptions>? adjust = null)
    {
        var kernel = New(adjust ?? (o => o));
        kernel.Give(k => k.Received(OfB, new SubjectKeysFrame([Key]), kernel.Now));
        kernel.Receive(OfB, 1, KernelSubjectTests.Made(1, Key));
        KernelSubjectTests.Open(kernel, Key).ShouldBe("Ada");
        return kernel;
    }

    // Its author had seen a key that c made.
    private static EventRecord Forgotten() => new()
    {
        Entity = Key.Subject, Origin = B, Sequence = 2, Vector = Saw((B, 2), (C, 1)),
        Timestamp = HybridTimestamp.At(1_005), PayloadName = "subject-forgotten",
        Payload = Encoding.UTF8.GetBytes("{}"), OriginPosition = 2,
    };

    private static SubjectStanding Standing(TestKernel kernel) => (SubjectStanding)Ask(kernel).Value!;

    private static RequestResult Ask(TestKernel kernel)
    {
        kernel.Give(k => k.Read(new ReadRequest
        {
            Entity = Key.Subject, Project = view => SubjectType.StandingOf(view.State),
            DeadlineMilliseconds = kernel.Now.MonotonicMilliseconds + 9_000,
        }, kernel.Now));
        return kernel.Asked.OfType<ReadDone>().Last().Result;
    }
}
