using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>A journal that was set back without its own signs of it, as only other regions tell: what is sealed may
/// have been forgotten meanwhile.</summary>
public sealed class SetBackSubjectTests
{
    private const long ToB = 7;
    private const long ToC = 8;
    private const long OfB = 9;
    private static readonly SubjectKey Key = KernelSubjectTests.KeyOf("patient-4711", 1);
    private static readonly Origin Later = new("a", new Incarnation(2));

    [Fact]
    public void Hello_ThatNamesMoreThanIsHere_NothingSealedIsShownBeforeItHasCaughtUp()
    {
        var kernel = WithKey(Begun().Linked(ToB, "b", holds: 3, givesKeys: true));
        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Unclear));

        Report(kernel, Key.Subject.Lane, ownHead: 2);
        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Unclear), "it tells of more than is here");
        kernel.Receive(ToB, 2, KernelSubjectTests.Made(2, KernelSubjectTests.KeyOf("patient-4711", 2), position: 2));

        KernelSubjectTests.Open(kernel, Key).ShouldBe("Ada");
    }

    [Fact]
    public void Event_ThatWasWrittenHereAndComesBack_WhatPeersHadToldBeforeIsCaughtUpWith()
    {
        var kernel = WithKey(Begun().Linked(ToB, "b", holds: 0, givesKeys: true));
        Report(kernel, Key.Subject.Lane, ownHead: 1);
        Report(kernel, Entity.Lane, ownHead: 0, new LaneHolding(Entity.Lane, A, 3));
        KernelSubjectTests.Open(kernel, Key).ShouldBe("Ada", "nothing tells of a loss");
        kernel.Idle(200, ToB);

        kernel.Receive(ToB, 3, Write(A, 3, 7, "three"));
        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Unclear), "now something does");
        kernel.Idle(600, ToB);

        KernelSubjectTests.Open(kernel, Key).ShouldBe("Ada", "in an idle lane nothing is told again");
    }

    // The copy was made while its process was stopped, and the guard file with it: nothing here tells of the lives that
    // were lived since.
    [Fact]
    public void CleanCopy_OfBeforeLivesThatOthersTellOf_ShowsNothingSealedBeforeItHasCaughtUp()
    {
        var kernel = WithKey(Copied(new LaneHolding(Entity.Lane, Later, 3)));
        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Unclear));

        Report(kernel, Key.Subject.Lane, ownHead: 1);

        KernelSubjectTests.Open(kernel, Key).ShouldBe("Ada");
    }

    [Fact]
    public void CleanCopy_ToWhichAnEventOfALaterLifeComes_ShowsNothingSealedBeforeItHasCaughtUp()
    {
        var kernel = WithKey(Copied());
        Report(kernel, Key.Subject.Lane, ownHead: 2);
        Report(kernel, Entity.Lane, ownHead: 0, new LaneHolding(Entity.Lane, Later, 1));
        KernelSubjectTests.Open(kernel, Key).ShouldBe("Ada", "nothing tells of a loss");
        kernel.Idle(200, ToB);

        kernel.Receive(ToB, 1, Write(Later, 1, 7, "of a later life"));

        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Unclear));
    }

    [Fact]
    public void Keys_WhereForgettingsMayBeLacking_AreGivenToNobodyAndCountForNobody()
    {
        var kernel = WithKey(Begun().Linked(ToB, "b", holds: 3, givesKeys: true)).Accepted(OfB, "b", givesKeys: true);
        Ask(kernel);
        kernel.Sent<SubjectKeysFrame>(OfB).ShouldBeEmpty("b may have forgotten the subject");
        kernel.Sent<SubjectKeysLackingFrame>(OfB).ShouldBeEmpty();
        kernel.Sent<SubjectKeysHeldFrame>(OfB).ShouldBeEmpty();

        Report(kernel, Key.Subject.Lane, ownHead: 1);
        Ask(kernel);

        kernel.Sent<SubjectKeysFrame>(OfB).ShouldHaveSingleItem();
        kernel.Sent<SubjectKeysHeldFrame>(OfB).ShouldHaveSingleItem();
    }

    // Who was forgotten in a majority was forgotten in one of the other two, and nobody knows in which.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CaughtUp_WithOneOfTwoOthers_IsNotEnough(bool diesThen)
    {
        var kernel = WithKey(Begun(TestKernel.Three).Linked(ToB, "b", holds: 3, givesKeys: true)
            .Linked(ToC, "c", holds: 0, givesKeys: true));
        Report(kernel, Key.Subject.Lane, ownHead: 1);
        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Unclear));
        if (diesThen)
        {
            kernel.Give(k => k.LinkClosed(ToB, kernel.Now))
                .Linked(OfB, "b", holds: 3, givesKeys: true, session: 61).Idle(700, OfB, ToC);
        }

        kernel.Give(k => k.Received(ToC, new ReportFrame(Key.Subject.Lane, C, 0,
            [new LaneHolding(Key.Subject.Lane, B, 1)]), kernel.Now));

        KernelSubjectTests.Open(kernel, Key).ShouldBe("Ada", "what b had told is here, whoever answers for it now");
        kernel.Wait(700).Batches.SelectMany(b => b.Notes).Count(n => n.Name == "loss").ShouldBePositive();
    }

    // A process that died left it so, and a write has begun its next life before anybody could be asked.
    private static TestKernel Begun(string[]? members = null)
    {
        var kernel = new TestKernel(members ?? ["a", "b"], Continuity.Unclean, [], [], o => o with
        {
            Secrets = bytes => bytes.AsSpan().Fill(7),
        }, Write(A, 1, 5, "one"), Write(A, 2, 6, "two"));
        kernel.Write("begins a life");
        return kernel.Give(k => k.IncarnationOpened(kernel.Now));
    }

    // Cleanly stopped, as far as it knows; b holds this.
    private static TestKernel Copied(params LaneHolding[] held)
    {
        var kernel = new TestKernel(["a", "b"], Continuity.Clean);
        return kernel.Give(k =>
        {
            k.LinkOpened(ToB, "b", dialled: true, kernel.Now);
            k.Received(ToB, new HelloFrame("b", Guid.Empty, new Incarnation(60), B, B, 1, new ulong[EntityKey.Lanes],
                held) { GivesKeys = true, TellsKeysHeld = true }, kernel.Now);
        });
    }

    private static void Ask(TestKernel kernel)
    {
        SubjectKeyName[] names = [new SubjectKeyName(Key.Subject.Id, Key.Id)];
        kernel.Give(k => k.Received(OfB, new SubjectKeysAskFrame(names), kernel.Now));
        kernel.Give(k => k.Received(OfB, new SubjectKeysHeldAskFrame(names), kernel.Now));
    }

    private static TestKernel WithKey(TestKernel kernel) => kernel
        .Give(k => k.Received(ToB, new SubjectKeysFrame([Key]), kernel.Now))
        .Receive(ToB, 1, KernelSubjectTests.Made(1, Key));

    private static void Report(TestKernel kernel, int lane, ulong ownHead, params LaneHolding[] held)
        => kernel.Give(k => k.Received(ToB, new ReportFrame(lane, B, ownHead, held), kernel.Now));
}
