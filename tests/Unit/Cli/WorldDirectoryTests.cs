using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class WorldDirectoryTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-world-");

    private WorldDirectory World => WorldDirectory.At(_root.FullName);

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void TryRead_MissingOrEmpty_IsNoWorld()
    {
        World.TryRead().ShouldBeNull();
        WorldDirectory.At(Path.Combine(_root.FullName, "missing")).TryRead().ShouldBeNull();
        Refusal(() => World.Read()).ShouldBe(ErrorCodes.WorldNotFound);
    }

    [Theory]
    [InlineData("""{ "formatVersion": 2, "anything": "else" }""")]
    [InlineData("""{ "group": "local" }""")]
    [InlineData("""{ "formatVersion": 1, "unknown": 3 }""")]
    [InlineData("""{ "formatVersion": "1" }""")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("")]
    public void TryRead_OtherOrDamagedFormat_IsRefusedAndUntouched(string content)
    {
        File.WriteAllText(World.WorldFile, content);
        Refusal(() => World.TryRead()).ShouldBe(ErrorCodes.WorldFormat);
        File.ReadAllText(World.WorldFile).ShouldBe(content);
        Directory.GetFileSystemEntries(_root.FullName).ShouldBe([World.WorldFile]);
    }

    [Fact]
    public void TryRead_DirectoryOfSomethingElse_IsRefused()
    {
        File.WriteAllText(Path.Combine(_root.FullName, "thesis.tex"), "");
        Refusal(() => World.TryRead()).ShouldBe(ErrorCodes.WorldFormat);
    }

    [Fact]
    public void TryRead_UpWasEndedInItsFirstWrites_IsNoWorldYet()
    {
        foreach (var left in (string[])[".lock", "admin.token", "admin.token.new", "world.json.new"])
            File.WriteAllText(Path.Combine(_root.FullName, left), "half");
        World.TryRead().ShouldBeNull();
    }

    [Theory]
    [InlineData("\"links\"")]
    [InlineData("\"regions\"")]
    public void TryRead_RecordLacksAnEntry_IsRefused(string list)
    {
        var plan = WorldPlan.Create(7400, "aws", _ => true);
        PrivateFile.WriteJson(World.WorldFile, plan);
        World.Read().PortBase.ShouldBe(7400);
        PrivateFile.WriteJson(World.WorldFile, list == "\"links\"" ? plan with { Links = [.. plan.Links.Skip(1)] }
            : plan with { Regions = [.. plan.Regions, plan.Regions[0]] });
        Refusal(() => World.TryRead()).ShouldBe(ErrorCodes.WorldFormat);
    }

    [Fact]
    public void TryLock_FileThatCannotBeOpened_IsRefusedAndNotWaitedFor()
    {
        File.CreateSymbolicLink(Path.Combine(_root.FullName, ".lock"), ".lock"); // ELOOP, as EROFS no other's lock
        Refusal(() => World.TryLock()?.Dispose()).ShouldBe(ErrorCodes.WorldAccess);
    }

    [Fact]
    public void TryRead_AFile_IsRefused()
    {
        var file = Path.Combine(_root.FullName, "file");
        File.WriteAllText(file, "");
        Refusal(() => WorldDirectory.At(file).TryRead()).ShouldBe(ErrorCodes.WorldFormat);
    }

    [Fact]
    public void TryLock_WhereNobodyMayWrite_IsRefused()
        => Refusal(() => WorldDirectory.At("/proc/pelago").TryLock()?.Dispose()).ShouldBe(ErrorCodes.WorldAccess);

    [Fact]
    public void TryLock_Held_IsRefusedToTheSecond()
    {
        using var held = World.TryLock();
        held.ShouldNotBeNull();
        World.TryLock().ShouldBeNull();
        World.TryRead().ShouldBeNull("the lock alone makes no world");
    }

    [Fact]
    public void AdminToken_SecondCall_IsTheSameAndPrivate()
    {
        var token = World.ReadOrCreateAdminToken();
        World.ReadOrCreateAdminToken().ShouldBe(token);
        token.Length.ShouldBe(43);
        File.GetUnixFileMode(World.AdminTokenFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("not a token")]
    [InlineData("0123456789012345678901234567890123456789 1234")]
    public void AdminToken_ThatIsNone_IsNamedAndMadeAnew(string content)
    {
        File.WriteAllText(World.AdminTokenFile, content);
        Refusal(() => World.ReadAdminToken()).ShouldBe(ErrorCodes.ControlRefused);
        File.ReadAllText(World.AdminTokenFile).ShouldBe(content);
        World.ReadOrCreateAdminToken().ShouldBe(World.ReadAdminToken());
    }

    [Theory]
    [InlineData(null, "is gone")]
    [InlineData("", "holds no token")]
    [InlineData("0123456789012345678901234567890123456789012", "holds another token")]
    public void AdminToken_ThatRunningRolesDoNotTake_IsRefused(string? token, string how)
    {
        var known = WorldDirectory.HashOf(World.ReadOrCreateAdminToken());
        PrivateFile.CreateDirectory(World.SupervisorHome);
        PrivateFile.WriteJson(Path.Combine(World.SupervisorHome, "config.json"), new SupervisorConfig(1, known, []));
        AdminTokenCheck.Require(World, isDown: false).ShouldBeFalse();
        if (token is null)
            File.Delete(World.AdminTokenFile);
        else
            File.WriteAllText(World.AdminTokenFile, token);

        var failure = Should.Throw<PelagoException>(() => AdminTokenCheck.Require(World, isDown: false)).Failure;
        failure.Error.ShouldBe(ErrorCodes.ControlRefused);
        failure.Message.ShouldContain(how);
        AdminTokenCheck.Require(World, isDown: true).ShouldBe(token == "");
    }

    [Fact]
    public void Regions_OtherThanTheHomes_AreRefused()
    {
        var plan = WorldPlan.Create(7400, "aws", _ => true);
        RegionHomes.Require(World, plan); // nothing there yet
        foreach (var region in plan.Regions)
            Directory.CreateDirectory(World.RegionHome(region.Name));
        File.WriteAllText(Path.Combine(World.RegionHome("us-east-1"), "identity.json"), "{}");
        RegionHomes.Require(World, plan);

        var renamed = plan with
        {
            Regions = [.. plan.Regions.Select(r => r with { Name = r.Name.Replace("us-east-1", "us-east-9",
                StringComparison.Ordinal) })],
        };
        var failure = Should.Throw<PelagoException>(() => RegionHomes.Require(World, renamed)).Failure;
        failure.Error.ShouldBe(ErrorCodes.RegionsMismatch);
        failure.Message.ShouldContain("us-east-1, which");
        failure.Message.ShouldContain("us-east-9, whose home");
        Directory.Delete(World.RegionHome("eu-west-1"));
        Refusal(() => RegionHomes.Require(World, plan)).ShouldBe(ErrorCodes.RegionsMismatch);
    }

    private static ErrorCode Refusal(Action action) => Should.Throw<PelagoException>(action).Failure.Error;
}
