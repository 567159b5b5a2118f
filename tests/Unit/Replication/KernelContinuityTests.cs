using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>After an unclean stop: may the incarnation go on? Positions and sequences that it gave out and lost must
/// never be given out again.</summary>
public sealed class KernelContinuityTests
{
    private static readonly EventRecord[] Three =
        [Write(A, 1, 5, "one"), Write(A, 2, 6, "two"), Write(A, 3, 7, "three")];

    [Fact]
    public void Unclean_EveryMemberHoldsNothingBeyondOurHead_GoesOn()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Unclean, Three).Linked(1, "b", 3).Linked(2, "c", 0);

        kernel.Write();

        kernel.Asked.OfType<OpenIncarnation>().ShouldBeEmpty();
        kernel.Appended.Single().Origin.ShouldBe(A);
        kernel.Appended.Single().Sequence.ShouldBe(4ul);
    }

    [Theory]
    [InlineData(5, 0)]
    [InlineData(0, 4)]
    [InlineData(5, 3)]
    public void Unclean_AMemberHoldsMoreThanOurHead_BeginsANewIncarnationBeforeAnyWrite(ulong inB, ulong inC)
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Unclean, Three);
        kernel.Linked(1, "b", inB).Linked(2, "c", inC);

        var opened = kernel.Asked.OfType<OpenIncarnation>().ShouldHaveSingleItem();
        opened.Reason.ShouldContain(inB > 3 ? "b holds" : "c holds");
        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.NewIncarnation);
        kernel.Write();
        kernel.Appended.ShouldBeEmpty(); // it waits until the journal has opened the new incarnation
        kernel.Give(k => k.IncarnationOpened(kernel.Now));
        kernel.Appended.Single().Origin.ShouldNotBe(A);
        kernel.Appended.Single().Sequence.ShouldBe(1ul);
    }

    [Fact]
    public void Unclean_AMemberHasNotAnswered_AWriteBeginsANewIncarnationInsteadOfWaiting()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Unclean, Three).Linked(1, "b", 3);
        kernel.Asked.OfType<OpenIncarnation>().ShouldBeEmpty();

        kernel.Write();

        kernel.Asked.OfType<OpenIncarnation>().ShouldHaveSingleItem();
        kernel.Appended.ShouldBeEmpty();
    }

    [Fact]
    public void Clean_NobodyAnswers_GoesOn()
        => new TestKernel(TestKernel.Three, Continuity.Clean, Three).Write().Appended.Single().Origin.ShouldBe(A);

    [Fact]
    public void Broken_BeforeAnyWrite_BeginsANewIncarnationAtOnce()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Broken, Three).Wait(10);
        kernel.Asked.OfType<OpenIncarnation>().ShouldHaveSingleItem();
        kernel.Alarms.Single(a => a.Kind == AlarmKind.NewIncarnation).Text
            .ShouldBe("A new incarnation of a begins: The process had not stopped cleanly.");
    }
}
