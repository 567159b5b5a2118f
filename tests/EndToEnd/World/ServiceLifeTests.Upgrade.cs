using System.Security.Cryptography;
using Pelago.Cli;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>Two builds of a service in one group: that of an earlier commit (<c>eng/earlier-release</c>) beside
/// today's, as processes with journals on disk, through the ingresses.</summary>
public sealed partial class ServiceLifeTests
{
    private const string Rolling = "rolling";

    [Fact]
    public async Task Upgrade_RegionByRegionUnderLoad_BothBuildsServeAndNothingIsLost()
    {
        (await KernelAsync(Earlier())).ShouldNotBe(await KernelAsync(Published()), "they are two builds");
        (await World.RunAsync("deploy", Earlier(), "--name", Rolling)).ShouldExitWith(0);
        try
        {
            var status = await UntilEverywhereAsync(Rolling, service => service.State == States.Ready);
            await using (var shopping = Shopping.Start(status, Rolling))
            {
                await shopping.UntilAllWroteAsync();
                foreach (var region in (string[])["us-east-1", "ap-southeast-1"])
                {
                    await UpgradeInPlaceAsync(status.Regions.Single(r => r.Name == region));
                    await shopping.UntilAllWroteAsync();
                }
                await shopping.ShouldHaveLostNothingAsync();
            }
            (await World.RunAsync("verify")).ShouldExitWith(0);

            // The last region takes today's build as everybody gets one.
            (await World.RunAsync("deploy", Published(), "--name", Rolling)).ShouldExitWith(0);
            status = await UntilEverywhereAsync(Rolling, service => service.State == States.Ready
                && service.Artifact != Find(status.Regions[0], Rolling)!.Artifact);
            await using (var shopping = Shopping.Start(status, Rolling))
                await shopping.ShouldHaveLostNothingAsync();
            (await World.RunAsync("verify")).ShouldExitWith(0);
        }
        finally
        {
            (await World.RunAsync("delete", "service", Rolling, "--yes")).ShouldExitWith(0);
        }
    }

    /// <summary>The region's instance dies, and the one that follows it is of today's build and finds the journal that
    /// the earlier one left.</summary>
    private async Task UpgradeInPlaceAsync(Pelago.Cli.RegionStatus region)
    {
        var service = Find(region, Rolling)!;
        var earlier = service.Instances.Single().Pid;
        var program = Path.Combine(
            World.Data, "regions", region.Name, "programs", service.Artifact["sha256:".Length..]);
        Signals.Send(earlier, Signals.Stop); // it must not load what takes the place of its files
        Directory.Delete(program, recursive: true);
        Copy(Published(), program);
        TestWorld.Kill(earlier);
        await World.UntilAsync(status => status.Regions.Single(r => r.Name == region.Name) is var now
                && Find(now, Rolling) is { State: States.Ready } next && next.Instances.Single().Pid != earlier,
            $"today's build in {region.Name}");
    }

    private static async Task<string> KernelAsync(string program) => Convert.ToHexString(SHA256.HashData(
        await File.ReadAllBytesAsync(Path.Combine(program, "Pelago.Replication.dll"),
            TestContext.Current.CancellationToken)));

    /// <summary>The bookstore of the earlier commit, which the suite's script has built.</summary>
    private static string Earlier()
    {
        var builds = Path.Combine(Command.Root, "artifacts", "earlier");
        var named = Path.Combine(builds, "bookstore");
        File.Exists(named).ShouldBeTrue("run eng/earlier.sh bookstore; './pelago test endtoend' does so");
        return Path.Combine(builds, File.ReadAllText(named).Trim());
    }
}
