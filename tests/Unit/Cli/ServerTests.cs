using Pelago.Cli;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Tests.Unit;

/// <summary>Decisions about the PostgreSQL servers of a world.</summary>
public sealed class ServerTests
{
    [Theory]
    [InlineData("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15)]
    [InlineData("postgres (PostgreSQL) 17beta1", 17)]
    [InlineData("postgres (PostgreSQL) 9.6.24", 9)]
    [InlineData("psql (PostgreSQL) 15.1", null)]
    [InlineData("", null)]
    public void MajorOf_WhatProgramsSay_IsTheFirstNumber(string said, int? major)
        => ServerPrograms.MajorOf(said).ShouldBe(major);

    [Fact]
    public void Choose_SeveralVersions_TakesTheNewestOrThatOfTheData()
    {
        ServerPrograms[] found = [new("/a", 14), new("/b", 17), new("/c", 15)];
        ServerPrograms.Choose(found, wanted: null, named: null).Directory.ShouldBe("/b");
        ServerPrograms.Choose(found, wanted: 15, named: null).Directory.ShouldBe("/c");
    }

    [Theory]
    [InlineData(null, "PLG1118", "postgresql-15")]
    [InlineData(16, "PLG1118", "postgresql-16")]
    public void Choose_NotThere_IsRefusedWithThePackage(int? wanted, string code, string package)
    {
        ServerPrograms[] found = wanted is null ? [] : [new("/c", 15)];
        var failure = Refusal(() => ServerPrograms.Choose(found, wanted, named: null));
        failure.Error.Code.ShouldBe(code);
        failure.Next.ShouldContain(package);
    }

    [Fact]
    public void Choose_AllTooOld_IsRefused()
        => Refusal(() => ServerPrograms.Choose([new("/a", 13), new("/b", 14)], wanted: null, named: null))
            .ShouldSatisfyAllConditions(f => f.Error.ShouldBe(ErrorCodes.JournalServerOld),
                f => f.Message.ShouldContain("14"));

    [Theory]
    [InlineData(null, null, "sqlite")]
    [InlineData(null, "postgres", "postgres")]
    [InlineData("postgres", null, "postgres")]
    [InlineData("postgres", "postgres", "postgres")]
    [InlineData("sqlite", null, "sqlite")]
    public void Journal_Chosen_StaysWhatTheFirstUpChose(string? has, string? asked, string journal)
        => JournalChoice.Of(has is null ? null : Planned(has), asked).ShouldBe(journal);

    [Theory]
    [InlineData("postgres", "sqlite")]
    [InlineData("sqlite", "postgres")]
    public void Journal_OfAnotherStore_IsRefused(string has, string asked)
    {
        var failure = Refusal(() => JournalChoice.Of(Planned(has), asked));
        failure.Error.ShouldBe(ErrorCodes.JournalChosen);
        failure.Next.ShouldContain($"--journal {asked}");
    }

    [Fact]
    public void Plan_OnServers_GivesEachRegionOneOfItsOwn()
    {
        var world = Planned(JournalStores.Postgres);
        world.Regions.Select(region => region.ServerPort).ShouldBe([7570, 7670, 7770]);
        var directory = WorldDirectory.At("/tmp/world");
        var ports = WorldPlan.Ports(world).ToList();
        ports.Select(port => port.Port).ShouldBeUnique();
        foreach (var region in world.Regions)
        {
            ports.Count(port => port.Port == region.ServerPort && port.Role == $"postgres/{region.Name}").ShouldBe(1);
            WorldPlan.Region(world, region, directory, "hash").Server.ShouldBe(new ServerAccess(
                region.ServerPort, "pelago", $"/tmp/world/postgres/{region.Name}/admin.password"));
        }
        var roles = new RunningWorld(directory, world, TimeProvider.System).RoleSpecs().Select(role => role.Name);
        roles.Take(3).ShouldAllBe(role => RoleNames.IsServer(role), "what others write to is started first");
        WorldPlan.IsWhole(world).ShouldBeTrue();
        WorldPlan.IsWhole(world with { Journal = "oracle" }).ShouldBeFalse();
        WorldPlan.IsWhole(world with { Journal = JournalStores.Sqlite }).ShouldBeFalse("a port that nobody uses");
        WorldPlan.IsWhole(Planned(JournalStores.Sqlite) with { Journal = JournalStores.Postgres }).ShouldBeFalse();
    }

    [Fact]
    public void LastReason_Log_IsTheLastThatEndedAServerWithItsHint()
    {
        string[] log =
        [
            "2026-01-01 UTC [7] FATAL:  an earlier one",
            "2026-01-01 UTC [8] FATAL:  data directory \"/d\" has wrong ownership",
            "2026-01-01 UTC [8] HINT:  The server must be started by the user that owns the data directory.",
            "2026-01-01 UTC [9] FATAL:  the database system is starting up",
            "2026-01-01 UTC [9] FATAL:  terminating connection due to administrator command",
        ];
        ServerLog.LastReason(log).ShouldBe("data directory \"/d\" has wrong ownership. "
            + "The server must be started by the user that owns the data directory.");
        ServerLog.LastReason(log[3..]).ShouldBeNull();
    }

    [Theory]
    [InlineData("Ready", null, 2, "ok")]
    [InlineData("Ready", null, 200, "warning")]
    [InlineData("Failing", "PLG4022", 2, "failed")]
    public void Doctor_ServerThatAnswers_JudgesSettingsAndTime(
        string state, string? code, int milliseconds, string result)
    {
        var trouble = code is null ? null : new Failure(ErrorCodes.All[code], "It loses.", "Set it.");
        var finding = ServerChecks.Of(Sick(), new ServerStatus("us-east-1", state, 1, "127.0.0.1:7570"),
            new ServerLook(new ServerHealth("15.18", ["fsync on"], trouble, TimeSpan.FromMilliseconds(milliseconds)),
                trouble));
        finding.Result.ShouldBe(result);
        finding.Detail.ShouldContain("15.18 at 127.0.0.1:7570: fsync on; 4 KiB committed in ");
        finding.Mend.Length.ShouldBe(result == "ok" ? 0 : finding.Mend.Length);
        if (code is not null)
            finding.Mend.ShouldBe("pelago logs postgres-us-east-1");
    }

    [Theory]
    [InlineData("Stopped", "pelago regions start us-east-1")]
    [InlineData("Down", "pelago up")]
    [InlineData("Starting", "pelago logs postgres-us-east-1")]
    public void Doctor_ServerThatIsAway_SaysHowItComesBack(string state, string mend)
    {
        var finding = ServerChecks.Of(Sick(), new ServerStatus("us-east-1", state, null, "127.0.0.1:7570"),
            new ServerLook(null, new Failure(ErrorCodes.JournalServerAway, "It does not answer.", "")));
        (finding.Result, finding.Mend).ShouldBe((Finding.Failed, mend));
        finding.Detail.ShouldStartWith("PLG4020");
    }

    [Fact]
    public void Doctor_DamagedJournalOnAServer_SetsItsDatabaseAside()
    {
        var mend = DamageChecks.SetAside(Sick(), "us-east-1", service: null);
        mend.ShouldContain("-c \"ALTER DATABASE \\\"region\\\" RENAME TO \\\"region.damaged\\\"\"");
        mend.ShouldEndWith("&& pelago regions stop us-east-1 --yes && pelago regions start us-east-1");
    }

    private static Patient Sick() => new(
        new RunningWorld(WorldDirectory.At("/tmp/world"), Planned(JournalStores.Postgres), TimeProvider.System), null!,
        null, [], "");

    private static WorldRecord Planned(string journal) => WorldPlan.Create(7400, "aws", _ => true, journal);

    private static Failure Refusal(Action act) => Should.Throw<PelagoException>(act).Failure;
}
