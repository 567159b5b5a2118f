using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

public sealed class LwwRegisterTests
{
    private static readonly Stamp EarlyB = new(HybridTimestamp.At(1), "b");
    private static readonly Stamp LateB = new(HybridTimestamp.At(2), "b");
    private static readonly Stamp LateA = new(HybridTimestamp.At(2), "a");

    public static TheoryData<int[]> Orders => [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

    [Fact]
    public void Set_LaterTime_Wins()
        => LwwRegister<string>.Initial("").Set("old", EarlyB).Set("new", LateB).Value.ShouldBe("new");

    [Fact]
    public void Set_EarlierTimeAfterwards_Loses()
        => LwwRegister<string>.Initial("").Set("new", LateB).Set("old", EarlyB).Value.ShouldBe("new");

    [Theory]
    [MemberData(nameof(Orders))]
    public void Set_EqualTimesInAnyOrder_LowerRegionNameWins(int[] order)
    {
        (string Value, Stamp At)[] writes = [("early", EarlyB), ("of b", LateB), ("of a", LateA)];

        var register = order.Aggregate(LwwRegister<string>.Initial(""), (r, i) => r.Set(writes[i].Value, writes[i].At));

        register.ShouldBe(new LwwRegister<string>("of a", LateA));
    }
}
