using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

public sealed class LwwRegisterTests
{
    private static readonly Stamp EarlyB = new(HybridTimestamp.At(1), "b");
    private static readonly Stamp LateB = new(HybridTimestamp.At(2), "b");
    private static readonly Stamp LateA = new(HybridTimestamp.At(2), "a");

    public static TheoryData<string> Orders => ["012", "021", "102", "120", "201", "210"];

    [Fact]
    public void Set_LaterTime_Wins()
        => LwwRegister<string>.Initial("").Set("old", EarlyB).Set("new", LateB).Value.ShouldBe("new");

    [Fact]
    public void Set_EarlierTimeAfterwards_Loses()
        => LwwRegister<string>.Initial("").Set("new", LateB).Set("old", EarlyB).Value.ShouldBe("new");

    [Theory]
    [MemberData(nameof(Orders))]
    public void Set_EqualTimesInAnyOrder_LowerRegionNameWins(string order)
    {
        (string Value, Stamp At)[] writes = [("early", EarlyB), ("of b", LateB), ("of a", LateA)];

        var register = order.Select(i => writes[i - '0']).Aggregate(
            LwwRegister<string>.Initial(""), (r, w) => r.Set(w.Value, w.At));

        register.ShouldBe(new LwwRegister<string>("of a", LateA));
    }
}
