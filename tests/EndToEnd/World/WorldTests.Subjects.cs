using System.Text;
using System.Text.Json;
using Pelago.Cli;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

public sealed partial class WorldTests
{
    private const string Street = "Rua das Flores 4711";
    private static readonly string[] Regions = ["us-east-1", "eu-west-1", "ap-southeast-1"];

    [Fact]
    public async Task Subject_ErasedByTheOperator_IsUnreadableInEveryRegionAndStaysSo()
    {
        const string Subject = "customer-maria-4711";
        var status = await World.UntilReadyAsync();
        await WriteAddressAsync(status, Subject);
        FilesThatHold(Street, Subject).ShouldBeEmpty("what is sealed, and whose it is, stands nowhere");

        // One region is away: what it has not confirmed is said.
        (await World.RunAsync("regions", "stop", "eu-west-1", "--kill", "--yes")).ShouldExitWith(0);
        (await World.RunAsync("subject", "erase", "bookstore", Subject)).ShouldExitWith(2).Error.ShouldContain("--yes");
        var partly = await World.RunAsync(
            "subject", "erase", "bookstore", Subject, "--yes", "-o", "json", "--timeout-seconds", "5");
        partly.ShouldExitWith(7).Error.ShouldContain("eu-west-1 is not reachable");
        JsonSerializer.Deserialize<List<SubjectRegion>>(partly.Output, WorldJson.Options)!
            .ToDictionary(r => r.Region, r => r.State).ShouldBe(new Dictionary<string, string>
            {
                ["us-east-1"] = "Forgotten", ["eu-west-1"] = States.Unreachable, ["ap-southeast-1"] = "Forgotten",
            }, ignoreOrder: true);

        (await World.RunAsync("regions", "start", "eu-west-1")).ShouldExitWith(0);
        status = await World.UntilReadyAsync();
        var done = (await World.RunAsync("subject", "erase", "bookstore", Subject, "-o", "name")).ShouldExitWith(0);
        done.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(Regions, "and nobody is asked again");
        await ShouldBeForgottenAsync(status, Subject);

        // Neither the end of a process nor what lies in files brings it back.
        var killed = TestWorld.Pids(status)["us-east-1/bookstore"];
        TestWorld.Kill(killed);
        await ShouldBeForgottenAsync(await World.UntilAsync(s => TestWorld.IsReady(s)
            && TestWorld.Pids(s)["us-east-1/bookstore"] != killed, "its next process"), Subject);
        FilesThatHold(Street, Subject).ShouldBeEmpty();
        (await World.RunAsync("verify")).ShouldExitWith(0);
    }

    [Fact]
    public async Task Subject_ThatNobodyKnows_IsRefusedAndNothingIsWritten()
    {
        await World.UntilReadyAsync();
        var looked = await World.RunAsync("subject", "erase", "bookstore", "nobody", "--dry-run", "-o", "yaml");
        looked.ShouldExitWith(0).Output.ShouldContain("state: Unknown");
        (await World.RunAsync("subject", "erase", "bookstore", "nobody", "--yes")).ShouldExitWith(3)
            .Error.ShouldStartWith("error PLG5063: No region knows such a subject");
        (await World.RunAsync("subject", "erase", "no-such-service", "nobody", "--yes")).ShouldExitWith(3)
            .Error.ShouldStartWith("error PLG7003: ");
        (await World.RunAsync("subject", "erase", "bookstore", "nobody", "--dry-run", "-o", "yaml"))
            .Output.ShouldBe(looked.Output);
    }

    // Written in one region, read in the two others.
    private static async Task WriteAddressAsync(StatusDocument status, string subject)
    {
        using var here = Bookstore(status, "us-east-1");
        var token = await here.WriteAddressAsync(subject, Street, TestContext.Current.CancellationToken);
        foreach (var region in Regions)
        {
            using var there = Bookstore(status, region);
            var read = await there.AddressAsync(subject, token, TestContext.Current.CancellationToken);
            (read.State, read.Street).ShouldBe(("Known", Street), region);
        }
    }

    private static async Task ShouldBeForgottenAsync(StatusDocument status, string subject)
    {
        foreach (var region in Regions)
        {
            using var there = Bookstore(status, region);
            var read = await there.AddressAsync(subject, token: "", TestContext.Current.CancellationToken);
            (read.State, read.Street).ShouldBe(("Forgotten", null), region);
        }
    }

    private static BookstoreClient Bookstore(StatusDocument status, string region) => new(region,
        status.Regions.Single(r => r.Name == region).Services.Single(s => s.Name == "bookstore").Url!,
        status.TrustBundle);

    /// <summary>Files of the world (journals and logs among them) in which one of the texts stands.</summary>
    private List<string> FilesThatHold(params string[] texts)
    {
        var needles = texts.SelectMany(t => new[] { Encoding.UTF8.GetBytes(t), Encoding.Unicode.GetBytes(t) }).ToList();
        var (found, journals, regions) = (new List<string>(), 0, Path.Combine(World.Data, "regions"));
        foreach (var file in Directory.EnumerateFiles(World.Data, "*", SearchOption.AllDirectories))
        {
            if (file.EndsWith(".lock", StringComparison.Ordinal))
                continue; // empty, and its process's alone
            journals += file.StartsWith(regions, StringComparison.Ordinal) && file.EndsWith("/journal.db") ? 1 : 0;
            var bytes = Read(file);
            if (needles.Exists(n => bytes.AsSpan().IndexOf(n) >= 0))
                found.Add(file);
        }
        journals.ShouldBe(6, "those of the regions and of the bookstore in each");
        return found;
    }

    private static byte[] Read(string file)
    {
        try
        {
            using var stream = new FileStream(
                file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[stream.Length];
            stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return bytes;
        }
        catch (FileNotFoundException)
        {
            return []; // it was replaced or removed meanwhile
        }
    }
}
