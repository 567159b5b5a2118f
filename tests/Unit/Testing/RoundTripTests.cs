using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Testing;

public sealed class RoundTripTests
{
    /// <summary>A member with a default would be that default in every test, whatever the tested type says. Effects of
    /// final events are left out on purpose.</summary>
    [Fact]
    public void RoundTrip_EveryMemberOfAType_IsPassedOn()
    {
        var map = typeof(RoundTrip).GetInterfaceMap(typeof(IEntityType));

        map.TargetMethods.Where(m => m.DeclaringType != typeof(RoundTrip)).Select(m => m.Name)
            .ShouldBe(["get_HasAnyEffects", "HasEffects"], ignoreOrder: true);
    }
}
