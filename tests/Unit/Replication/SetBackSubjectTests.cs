using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>A journal that was set back without its own signs of it, as only other regions tell: what is sealed may
/// have been forgotten meanwhile.</summary>
public sealed class SetBackSubjectTests
{
    private const long ToB = 7;
    private static readonly SubjectKey Key = KernelSubjectTests.KeyOf("patient-4711", 1);

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

    // A process that died left it so, and a write has begun its next life before anybody could be asked.
    private static TestKernel Begun()
    {
        var kernel = new TestKernel(["a", "b"], Continuity.Unclean, [], [], o => o with
        {
            Secrets = bytes => bytes.AsSpan().Fill(7),
        }, Write(A, 1, 5, "one"), Write(A, 2, 6, "two"));
        kernel.Write("begins a life");
        return kernel.Give(k => k.IncarnationOpened(kernel.Now));
    }

    private static TestKernel WithKey(TestKernel kernel) => kernel
        .Give(k => k.Received(ToB, new SubjectKeysFrame([Key]), kernel.Now))
        .Receive(ToB, 1, KernelSubjectTests.Made(1, Key));

    private static void Report(TestKernel kernel, int lane, ulong ownHead, params LaneHolding[] held)
        => kernel.Give(k => k.Received(ToB, new ReportFrame(lane, B, ownHead, held), kernel.Now));
}
