using Pelago.Cli;
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

    private static ErrorCode Refusal(Action action) => Should.Throw<PelagoException>(action).Failure.Error;
}
