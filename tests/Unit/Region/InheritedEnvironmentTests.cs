using Pelago.Region;

namespace Pelago.Tests.Unit.Region;

public sealed class InheritedEnvironmentTests
{
    [Fact]
    public void Without_KeysOfWhoeverStartedTheWorld_TakesThemOutAndKeepsWhatProgramsNeed()
    {
        var present = new Dictionary<string, string>
        {
            ["AWS_SECRET_ACCESS_KEY"] = "x", ["GITHUB_TOKEN"] = "x", ["ASPNETCORE_URLS"] = "x", ["path"] = "x",
            ["PATH"] = "/bin", ["LC_ALL"] = "C", ["DOTNET_ROOT"] = "/dotnet", ["TZ"] = "UTC",
        };

        var changes = InheritedEnvironment.Without(present);

        changes.Keys.ShouldBe(
            ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "ASPNETCORE_URLS", "path"], ignoreOrder: true);
        changes.Values.ShouldAllBe(value => value == null);
    }
}
