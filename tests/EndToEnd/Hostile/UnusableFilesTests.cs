using Pelago.Cli;

namespace Pelago.Tests.EndToEnd;

/// <summary>Somebody changed a file of a running world: what is said about it helps, and nothing is changed.</summary>
public sealed class UnusableFilesTests(HostileWorld hostile) : HostileTest(hostile)
{
    private const string Region = "eu-west-1";

    private WorldDirectory Directory => WorldDirectory.At(Hostile.World.Data);

    [Fact]
    public async Task Up_TokenWasEmptied_StartsAndChangesNothing()
    {
        var token = await File.ReadAllTextAsync(Directory.AdminTokenFile, Stop);
        var configuration = Path.Combine(Directory.WanHome, "config.json");
        var written = File.GetLastWriteTimeUtc(configuration);
        await File.WriteAllTextAsync(Directory.AdminTokenFile, "", Stop);
        try
        {
            (await Hostile.World.RunAsync("up")).ShouldExitWith(4).Error.ShouldContain(
                "holds no token, and the running processes take no other token. Put it back, or run 'pelago down'");
            File.GetLastWriteTimeUtc(configuration).ShouldBe(written);
        }
        finally
        {
            await File.WriteAllTextAsync(Directory.AdminTokenFile, token, Stop);
        }
        await Hostile.World.UntilReadyAsync();
    }

    [Fact]
    public async Task Up_RegionWasRenamedInTheRecord_IsRefusedAndMakesNoRegion()
    {
        var record = await File.ReadAllTextAsync(Directory.WorldFile, Stop);
        var changed = record.Replace($"\"{Region}\"", "\"eu-west-9\"", StringComparison.Ordinal);
        await File.WriteAllTextAsync(Directory.WorldFile, changed, Stop);
        try
        {
            (await Hostile.World.RunAsync("up")).ShouldExitWith(5).Error.ShouldStartWith("error PLG1115: ");
            System.IO.Directory.Exists(Directory.RegionHome("eu-west-9")).ShouldBeFalse();
        }
        finally
        {
            await File.WriteAllTextAsync(Directory.WorldFile, record, Stop);
        }
        await Hostile.World.UntilReadyAsync();
    }

    [Fact]
    public async Task Region_IdentityDamagedThenPutBack_IsNamedAndGoesOnByItself()
    {
        var file = Path.Combine(Directory.RegionHome(Region), "identity.json");
        var identity = await File.ReadAllBytesAsync(file, Stop);
        (await Hostile.World.RunAsync("regions", "stop", Region, "--yes")).ShouldExitWith(0);
        await File.WriteAllTextAsync(file, "{", Stop);
        (await Hostile.World.RunAsync("regions", "start", Region)).ShouldExitWith(6).Error.ShouldContain(
            "restore it from a backup of the region's home");
        File.Delete(file);
        await Eventually.BeTrue(async () => (await Hostile.RegionAsync(Region)).Trouble?.Code == "PLG3109",
            "it says that it waits");
        await File.WriteAllBytesAsync(file, identity, Stop);
        await Hostile.World.UntilReadyAsync();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;
}
