using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>What a late event costs, counted in events that are folded, not in time.</summary>
public sealed class FoldRewindTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(10_000)]
    public void LateEvent_SoFarBack_FoldsAgainInProportion(int distance)
    {
        var (fold, type) = Filled(20_000);

        fold.Add(Late(20_000 - distance));
        _ = fold.State;

        (type.Folds - 20_000).ShouldBeInRange(distance, (4 * distance) + 64);
    }

    [Fact]
    public void LateEvents_OfOneGroup_AreFoldedOnce()
    {
        var (fold, type) = Filled(20_000);

        fold.Add([.. Enumerable.Range(0, 500).Select(i => Late(19_000 + (2 * i), (ulong)i + 1))]);
        _ = fold.State;

        (type.Folds - 20_000).ShouldBeInRange(1_500, 4_600);
    }

    [Fact]
    public void Tail_OfALongPartition_KeepsFewCheckpoints()
    {
        var (fold, _) = Filled(1_000);
        for (var i = 1_001; i <= 100_000; i++)
        {
            fold.Add(Event(i));
            _ = fold.State;
            if (i % 1_000 == 0)
                fold.CheckpointCount.ShouldBeLessThanOrEqualTo(2 * (int)Math.Log2(i / 32.0) + 4, $"after {i} events");
        }
    }

    [Fact]
    public void Kernel_LateEvent_CountsTheRewindAndWhatIsFoldedAgain()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", holds: 0);
        for (var i = 0; i < 5; i++)
            kernel.Write();

        kernel.Receive(1, 1, Write(B, 1, 10, "early"));

        var described = kernel.Kernel.Describe(kernel.Now);
        (described.Rewinds, described.FoldedAgain).ShouldBe((1, 5));
    }

    private static (EntityFold Fold, Counting Type) Filled(int events)
    {
        var type = new Counting();
        var fold = new EntityFold(type, "e1");
        for (var i = 1; i <= events; i++)
            fold.Add(Event(i));
        _ = fold.State;
        type.Folds.ShouldBe(events);
        return (fold, type);
    }

    private static EventRecord Event(int number) => Write(A, (ulong)number, number * 10, "w");

    // Stamped between two events, by an author who saw none of them.
    private static EventRecord Late(int after, ulong sequence = 1) => Write(B, sequence, (after * 10) + 5, "late");

    private sealed class Counting : IEntityType
    {
        public long Folds { get; private set; }
        public string Name => "text";
        public MergeStrategy Strategy => MergeStrategy.Ordered;
        public int StateVersion => 1;
        public object Initial(string id) => 0L;

        public Folded Apply(object state, object payload, in EventContext context)
        {
            Folds++;
            return Folded.To((long)state + 1);
        }

        public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload) => "";
        public EncodedPayload Encode(object payload) => throw new NotSupportedException();
        public byte[] EncodeState(object state) => BitConverter.GetBytes((long)state);
        public object DecodeState(ReadOnlySpan<byte> bytes) => BitConverter.ToInt64(bytes);
    }
}
