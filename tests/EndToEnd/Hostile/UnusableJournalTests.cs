using System.Text.Json;
using Pelago.Cli;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Tests.EndToEnd;

/// <summary>Journals that do not open any more: what is said of them is true, and doing what is said brings back what
/// the other regions have.</summary>
public sealed class UnusableJournalTests(HostileWorld hostile) : HostileTest(hostile)
{
    private const string Here = "us-east-1", There = "eu-west-1";
    private const int PageBytes = 4096;

    private static readonly string[] Carts = ["page-1", "page-2", "page-3"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_OfAServicesJournalLost_IsSaidAndMendedByTheCommandsThatAreSaid()
    {
        await BuyAsync("first");
        await RegionsAsync("stop", Here, "--yes"); // a clean stop leaves every page in the database's own file
        await RegionsAsync("start", Here);
        await Hostile.World.UntilReadyAsync();
        await BuyAsync("second");
        await RegionsAsync("stop", Here, "--kill", "--yes");
        Zero(Path.Combine(JournalOf(Service), "journal.db"), "origin");
        (await Hostile.World.RunAsync("regions", "start", Here)).ShouldExitWith(7).Error.ShouldContain("PLG4006");

        var status = await Hostile.World.UntilAsync(
            s => s.Regions.Single(r => r.Name == Here).Services is [{ Restarts.Ends: >= 3, State: "Failing" }],
            "a service that fails, and says so");
        var service = status.Regions.Single(r => r.Name == Here).Services[0];
        service.Trouble.ShouldNotBeNull().Code.ShouldBe("PLG4006");
        service.Trouble.Message.ShouldStartWith($"The journal in '{JournalOf(Service)}' cannot be used: a page of ");
        service.Trouble.Next.ShouldContain("service demo/bookstore in region us-east-1 does not run; others go on");
        service.Restarts!.NextStart.ShouldBeLessThan(TimeProvider.System.GetUtcNow().AddSeconds(31));
        (await Hostile.World.LookAsync("status")).ShouldExitWith(0).Output.ShouldContain(
            $"us-east-1: demo/bookstore: {service.Trouble} (ended ");
        await Hostile.AddAsync(There, "page-1", "third"); // "others go on"
        (await Hostile.World.RunAsync("up")).ShouldExitWith(7).Error.ShouldContain($"error PLG1208: The regions serve, "
            + $"but not all of their services: {Here}: demo/bookstore: ");

        await MendAsync($"journals of {Here}", Service);

        foreach (var cart in Carts)
            await ShouldHoldAsync(cart, cart == "page-1" ? ["first", "second", "third"] : ["first", "second"]);
        await ShouldAgreeAsync();
        Directory.Exists(JournalOf(Service) + ".damaged").ShouldBeTrue("what only it had is still there");
        (await Hostile.RegionAsync(Here)).Services[0].ShouldSatisfyAllConditions(
            mended => mended.Trouble.ShouldBeNull(), mended => mended.Restarts.ShouldBeNull());
    }

    [Fact]
    public async Task Garbage_InPlaceOfTheRegionsOwnJournal_IsSaidAndMendedByTheCommandsThatAreSaid()
    {
        await BuyAsync("fourth");
        await RegionsAsync("stop", Here, "--kill", "--yes");
        var garbage = new byte[50_000];
        new Random(11).NextBytes(garbage);
        await File.WriteAllBytesAsync(Path.Combine(JournalOf(""), "journal.db"), garbage, Stop);
        (await Hostile.World.RunAsync("regions", "start", Here)).ShouldExitWith(6).Error.ShouldContain("PLG4006");

        var status = await Hostile.World.UntilAsync(
            s => s.Regions.Single(r => r.Name == Here) is { State: States.Failing, Restarts: >= 2 },
            "a region that fails, and says so");
        var region = status.Regions.Single(r => r.Name == Here);
        region.Trouble.ShouldNotBeNull().Code.ShouldBe("PLG4006");
        region.Trouble.Message.ShouldStartWith($"The journal in '{JournalOf("")}' cannot be used: ");
        region.Trouble.Next.ShouldContain("region us-east-1 does not run; others go on");
        (await Hostile.World.LookAsync("status")).ShouldExitWith(0).Output.ShouldContain(
            $"us-east-1: {region.Trouble} (started again ");
        await Hostile.AddAsync(There, "page-2", "fifth");
        (await Hostile.World.RunAsync("up")).ShouldExitWith(6).Error.ShouldContain("It ended with PLG4006");
        (await Hostile.World.LookAsync("doctor")).ShouldExitWith(1).Output.ShouldContain(
            $"down: region/{Here}", customMessage: "no process of it stays");

        await MendAsync($"journals of {Here}", "");

        await ShouldHoldAsync("page-2", ["fourth", "fifth"]);
        await ShouldAgreeAsync();
        (await Hostile.RegionAsync(Here)).Trouble.ShouldBeNull();
    }

    private static string Service => Path.Combine("services", "demo", "bookstore");

    private string JournalOf(string whose)
        => Path.Combine(WorldDirectory.At(Hostile.World.Data).RegionHome(Here), whose, "journal");

    private async Task RegionsAsync(params string[] arguments)
        => (await Hostile.World.RunAsync(["regions", .. arguments])).ShouldExitWith(0);

    /// <summary>Writes here, and waits until another region has it: what is acknowledged and elsewhere must not be
    /// lost.</summary>
    private async Task BuyAsync(string sku)
    {
        foreach (var cart in Carts)
            await Hostile.AddAsync(Here, cart, sku);
        foreach (var cart in Carts)
        {
            await Eventually.BeTrue(async () => (await Hostile.ReadAsync(There, cart)).Body.Contains(
                sku, StringComparison.Ordinal), $"{There} has {sku}");
        }
    }

    private static void Zero(string journal, string table)
    {
        long page;
        using (var database = Database.Open(journal, create: false, 1024))
            page = database.Number($"SELECT rootpage FROM sqlite_master WHERE name = '{table}'");
        using var file = new FileStream(journal, FileMode.Open, FileAccess.Write);
        file.Position = (page - 1) * PageBytes;
        file.Write(new byte[PageBytes]);
    }

    /// <summary>Does what doctor says, to the letter.</summary>
    private async Task MendAsync(string check, string whose)
    {
        var doctor = (await Hostile.World.LookAsync("doctor", "--json")).ShouldExitWith(1);
        var mend = JsonSerializer.Deserialize<List<Finding>>(doctor.Output, WorldJson.Options)!
            .Single(finding => finding.Check == check).Mend;
        mend.ShouldStartWith($"pelago regions stop {Here} --yes --data {Hostile.World.Data} && mv '{JournalOf(whose)}' "
            + $"'{JournalOf(whose)}.damaged");
        mend.ShouldEndWith($"' && pelago regions start {Here} --data {Hostile.World.Data}");
        (await Hostile.World.LookAsync("doctor")).Output.ShouldContain($"\n{mend}\n");
        var pelago = Path.Combine(Command.Root, "pelago");
        (await Command.RunProgramAsync("bash", "-c", mend.Replace("pelago regions", $"{pelago} regions",
            StringComparison.Ordinal))).ShouldExitWith(0);
        await Hostile.World.UntilReadyAsync();
    }

    private async Task ShouldHoldAsync(string cart, string[] skus)
        => await Eventually.BeTrue(async () => (await Hostile.ReadAsync(Here, cart)).Body is var body
            && skus.All(sku => body.Contains(sku, StringComparison.Ordinal)), $"{cart} is whole again");

    private async Task ShouldAgreeAsync() => await Eventually.BeTrue(
        async () => (await Hostile.World.LookAsync("verify")).ExitCode == 0, "the regions agree again");
}
