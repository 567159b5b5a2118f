using Pelago.Client;

namespace Pelago.Tests.Unit;

public sealed class ProcessIdentityTests
{
    private const string Tail = " S 1 77 77 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";

    [Fact]
    public void Parse_PlainName_ReadsStartTime()
        => ProcessIdentity.Parse(77, "77 (dotnet)" + Tail).ShouldBe(new ProcessIdentity(77, 4711));

    [Fact]
    public void Parse_NameWithSpacesAndParentheses_ReadsStartTime()
        => ProcessIdentity.Parse(77, "77 (a ) Z b (c)" + Tail).ShouldBe(new ProcessIdentity(77, 4711));

    [Fact]
    public void Parse_ZombieWhoseThreadsStillEnd_LivesUntilTheyHave()
        => ProcessIdentity.Parse(77, "77 (dotnet) Z 1 77 77 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 3 0 4711 0 0")
            .ShouldBe(new ProcessIdentity(77, 4711));

    [Theory]
    [InlineData("77 (dotnet) Z 1 77 77 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0")]
    [InlineData("77 (dotnet) X 1 77 77 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 0 0")]
    [InlineData("77 (dotnet) S 1 77")]
    [InlineData("77 (dotnet")]
    [InlineData("")]
    public void Parse_ZombieOrDamagedLine_IsNobody(string line) => ProcessIdentity.Parse(77, line).ShouldBeNull();

    [Fact]
    public void IsAlive_SamePidOtherStart_IsFalse()
    {
        var self = ProcessIdentity.Current;
        self.IsAlive.ShouldBeTrue();
        (self with { StartTime = self.StartTime - 1 }).IsAlive.ShouldBeFalse();
    }
}
