using Pelago.Cli;

namespace Pelago.Tests.EndToEnd;

/// <summary>Every process of a world is killed in turn.</summary>
public sealed class KillTests
{
    private const int PortBase = 22_500;

    [Fact]
    public async Task Sigkill_EachProcessInTurn_TheWorldRecovers()
    {
        await using var world = await TestWorld.UpAsync(PortBase);
        var names = TestWorld.Pids(await world.UntilReadyAsync()).Keys.Where(name => name != "supervisor").ToList();
        await using var shopping = Shopping.Start(await world.StatusAsync());
        names.Count.ShouldBe(8, "a network, a federation plane, three regions with an instance each");
        foreach (var name in names)
        {
            var before = TestWorld.Pids(await world.UntilReadyAsync());
            TestWorld.Kill(before[name]);
            var after = TestWorld.Pids(await world.UntilAsync(
                status => TestWorld.Pids(status).GetValueOrDefault(name) is not 0 and var pid && pid != before[name]
                    && TestWorld.IsReady(status),
                $"the return of {name}"));
            after.Where(process => process.Key != name).ShouldBe(
                before.Where(process => process.Key != name), ignoreOrder: true, $"only {name} died");
        }
        await shopping.ShouldHaveLostNothingAsync();
    }

    [Fact]
    public async Task Sigkill_Supervisor_UpAdoptsEverything()
    {
        await using var world = await TestWorld.UpAsync(PortBase);
        var before = TestWorld.Pids(await world.UntilReadyAsync());
        TestWorld.Kill(before["supervisor"]);
        await world.UntilAsync(status => status.Supervisor.State == States.Down, "the end of the supervisor");
        TestWorld.Kill(before["wan"]); // nobody is there to notice

        (await world.UpAsync()).ShouldExitWith(0);
        var after = TestWorld.Pids(await world.UntilReadyAsync());
        after["supervisor"].ShouldNotBe(before["supervisor"]);
        after["wan"].ShouldNotBe(before["wan"]);
        foreach (var (name, pid) in before.Where(process => process.Key is not ("supervisor" or "wan")))
            after[name].ShouldBe(pid, name);

        var token = Path.Combine(world.Data, "admin.token");
        File.Delete(token);
        (await world.UpAsync()).ShouldExitWith(4).Error.ShouldContain("error PLG1110: ");
        File.Exists(token).ShouldBeFalse("a token that nobody takes helps nobody");

        TestWorld.Kill(after["supervisor"]);
        (await world.RunAsync("down")).ShouldExitWith(0);
        world.Processes().ShouldBeEmpty("down needs no supervisor");
    }
}
