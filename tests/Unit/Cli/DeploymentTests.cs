using Pelago.Cli;

namespace Pelago.Tests.Unit;

public sealed class DeploymentTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-leftovers-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Leftovers_OlderThanADay_AreRemovedAndNothingElse()
    {
        var now = TimeProvider.System.GetUtcNow();
        var outside = Make("outside", now.AddDays(-3));
        Make("pelago-deploy-old", now.AddDays(-2));
        Make("pelago-deploy-young", now.AddHours(-23));
        Directory.CreateSymbolicLink(Path.Combine(_root.FullName, "pelago-deploy-link"), outside);

        Deployment.RemoveLeftovers(_root.FullName, new FakeClock(now));

        _root.GetDirectories().Select(d => d.Name).Order(StringComparer.Ordinal)
            .ShouldBe(["outside", "pelago-deploy-link", "pelago-deploy-young"]);
        File.Exists(Path.Combine(outside, "artifact.tar")).ShouldBeTrue();
    }

    private string Make(string name, DateTimeOffset written)
    {
        var made = _root.CreateSubdirectory(name);
        File.WriteAllText(Path.Combine(made.FullName, "artifact.tar"), "");
        made.LastWriteTimeUtc = written.UtcDateTime;
        return made.FullName;
    }
}
