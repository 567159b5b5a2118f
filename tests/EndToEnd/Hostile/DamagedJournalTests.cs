using Pelago.Cli;
using Pelago.Journal;

namespace Pelago.Tests.EndToEnd;

/// <summary>Files of a journal that somebody or something changed beneath a running world.</summary>
public sealed class DamagedJournalTests(HostileWorld hostile) : HostileTest(hostile)
{
    private const string Here = "us-east-1", There = "eu-west-1";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Row_AlteredUnderARunningService_IsNamedAndParkedAndTheRestGoesOn()
    {
        await Hostile.AddAsync(Here, "victim", "first");
        await Hostile.AddAsync(Here, "victim", "second");
        Change(ServiceJournal, "UPDATE event SET sequence = sequence + 7 WHERE id = (SELECT max(id) FROM event)");
        await Hostile.AddAsync(Here, "other", "first");
        await Eventually.BeTrue(async () => (await Hostile.ReadAsync(There, "victim")).Body.Contains(
            "second", StringComparison.Ordinal), "the other region has it");
        await KillInstanceAsync();

        var (status, body) = await Hostile.ReadAsync(Here, "victim");
        status.ShouldBe(500, body);
        body.ShouldContain("PLG4006");
        body.ShouldContain("/victim");
        body.ShouldContain("\"next\":");
        (await Hostile.TryAddAsync(Here, "victim", "third")).Status.ShouldBe(
            500, "nothing is appended to what cannot be read");
        await Hostile.AddAsync(Here, "other", "second");
        (await Hostile.ReadAsync(Here, "other")).Body.ShouldContain("second");
        await Hostile.AddAsync(There, "victim", "third");
        (await Hostile.World.LookAsync("logs", "demo.bookstore")).Output.ShouldContain("PLG4006");
        var check = (await Hostile.World.LookAsync("journal", "check", "bookstore")).ShouldExitWith(1);
        check.Error.ShouldStartWith($"error PLG4006: The journal of demo/bookstore in {Here} is damaged: ");
        check.Output.ShouldContain("In the journal, the row at position ");
        check.Output.Split('\n').Count(line => line.TrimEnd().EndsWith(" ok", StringComparison.Ordinal)).ShouldBe(2);
        var compared = (await Hostile.World.LookAsync("verify")).ShouldExitWith(1);
        compared.Error.ShouldContain("error PLG1205: ");
        compared.Output.ShouldContain($"{Here} cannot show it");
        compared.Output.ShouldNotContain("lacks", customMessage: "what cannot be read is not what peers have to send");
        var shown = (await Hostile.RegionAsync(Here)).Services[0];
        shown.State.ShouldBe(States.Ready);
        shown.Parked.Count.ShouldBe(1);
        var parked = shown.Parked.First.Single();
        (parked.Id, parked.Code).ShouldBe(("victim", "PLG4006"));
        (await Hostile.RegionAsync(There)).Services[0].Parked.Count.ShouldBe(0);
        (await Hostile.World.LookAsync("status")).Output.ShouldContain(
            $"us-east-1: demo/bookstore: 1 parked\n  {parked.Type}/victim  PLG4006: {parked.Reason} {parked.Next}\n");
        (await Hostile.World.LookAsync("doctor")).ShouldExitWith(1).Output.ShouldContain(
            $" && mv '{Path.GetDirectoryName(ServiceJournal)}' ");

        // What the error said to do.
        (await Hostile.World.RunAsync("regions", "stop", Here, "--yes")).ShouldExitWith(0);
        Directory.Move(Path.GetDirectoryName(ServiceJournal)!, Path.Combine(ServiceHome, "journal.altered"));
        (await Hostile.World.RunAsync("regions", "start", Here)).ShouldExitWith(0);
        await Hostile.World.UntilReadyAsync();
        await Eventually.BeTrue(async () => (await Hostile.ReadAsync(Here, "victim")).Body is var cart
            && cart.Contains("second", StringComparison.Ordinal) && cart.Contains("third", StringComparison.Ordinal),
            "everything came back from the peers");
        await Eventually.BeTrue(
            async () => (await Hostile.World.LookAsync("verify")).ExitCode == 0, "the regions agree again");
        await ShouldBeWholeAndTakeNewKeysAsync();
    }

    [Fact]
    public async Task Journal_OfAnotherVersion_IsNamedLeftAloneAndUsedOnceItIsRight()
    {
        var journal = Path.Combine(Hostile.World.Data, "regions", Here, "journal", "journal.db");
        (await Hostile.World.RunAsync("regions", "stop", Here, "--yes")).ShouldExitWith(0);
        Change(journal, "PRAGMA user_version = 9");
        var before = await File.ReadAllBytesAsync(journal, Stop);
        (await Hostile.World.RunAsync("regions", "start", Here)).ShouldExitWith(6)
            .Error.ShouldContain("It ended with PLG4002: ");

        await Eventually.BeTrue(async () => (await Hostile.World.LookAsync("logs", Here)).Output.Contains(
            "error PLG4002: The journal in '" + Path.GetDirectoryName(journal), StringComparison.Ordinal),
            "the region says why it does not start");
        (await Hostile.World.RunAsync("doctor")).ShouldExitWith(1).Output.ShouldContain($"pelago logs {Here}");
        (await File.ReadAllBytesAsync(journal, Stop)).ShouldBe(before);

        (await Hostile.World.RunAsync("regions", "stop", Here, "--yes")).ShouldExitWith(0);
        Change(journal, $"PRAGMA user_version = {Schema.FormatVersion}");
        (await Hostile.World.RunAsync("regions", "start", Here)).ShouldExitWith(0);
        await Hostile.World.UntilReadyAsync();
    }

    /// <summary>The journal that came back is whole, and opens after its keys were renewed and its process was killed.
    /// </summary>
    private async Task ShouldBeWholeAndTakeNewKeysAsync()
    {
        (await Hostile.World.LookAsync("journal", "check", "bookstore", "--region", Here, "-o", "json"))
            .ShouldExitWith(0).Output.ShouldContain("\"damage\": []");
        (await Hostile.World.LookAsync("journal", "check", "region", "--project", "pelago")).ShouldExitWith(0);
        (await Hostile.World.LookAsync("journal", "stats", "bookstore", "-o", "yaml")).ShouldExitWith(0)
            .Output.ShouldContain("conflicts: 0");
        (await Hostile.World.RunAsync("journal", "rekey", "bookstore", "--dry-run")).ShouldExitWith(0)
            .Error.ShouldContain("a key that comes after 1.");
        (await Hostile.World.RunAsync("journal", "rekey", "bookstore")).ShouldExitWith(0);
        (await Hostile.World.RunAsync("journal", "rekey", "bookstore", "--kek", "--region", Here, "-o", "json"))
            .ShouldExitWith(0).Output.ShouldContain("\"kek\": \"demo.bookstore.2-");
        await KillInstanceAsync();
        await Eventually.BeTrue(async () => (await Hostile.ReadAsync(Here, "victim")).Body.Contains(
            "third", StringComparison.Ordinal), "the journal opens under the new key");
        (await Hostile.World.LookAsync("journal", "check", "nobody")).ShouldExitWith(3).Error.ShouldContain("PLG7003");
    }

    private string ServiceHome
        => Path.Combine(Hostile.World.Data, "regions", Here, "services", "demo", "bookstore");

    private string ServiceJournal => Path.Combine(ServiceHome, "journal", "journal.db");

    private static void Change(string journal, string sql)
    {
        using var database = Database.Open(journal, create: false, 1024);
        database.Execute(sql);
    }

    private async Task KillInstanceAsync()
    {
        var before = TestWorld.Pids(await Hostile.World.UntilReadyAsync())[$"{Here}/bookstore"];
        TestWorld.Kill(before);
        await Hostile.World.UntilAsync(
            status => TestWorld.Pids(status)[$"{Here}/bookstore"] is not 0 and var pid && pid != before
                && status.Regions.Single(region => region.Name == Here).Services[0].State == States.Ready,
            "the return of the instance");
    }
}
