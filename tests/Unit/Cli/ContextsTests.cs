using Pelago.Cli;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class ContextsTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-contexts-");

    private Contexts Saved => new(Path.Combine(_root.FullName, "pelago", "contexts.json"));

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Save_NewContext_IsFoundByTheNextCommand()
    {
        Saved.Find("second").ShouldBeNull();
        Saved.Save("second", "/worlds/second");
        Saved.Find("second").ShouldBe("/worlds/second");
        File.GetUnixFileMode(Saved.File).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Require_NameThatIsFree_SavesNothing()
    {
        Saved.Require("second", "/worlds/second").ShouldNotBeNull();
        Saved.Find("second").ShouldBeNull();
    }

    [Fact]
    public void Save_NameOfAnotherWorld_IsRefusedWhileThatWorldIsThere()
    {
        var first = World("first");
        Saved.Save("here", first);
        Refusal(() => Saved.Save("here", World("second"))).ShouldBe(ErrorCodes.ContextTaken);
        Saved.Find("here").ShouldBe(first);

        Directory.Delete(first, recursive: true);
        Saved.Save("here", World("third"));
        Saved.Find("here").ShouldBe(World("third"));
    }

    [Fact]
    public void Unknown_Misspelt_NamesTheNearest()
    {
        Saved.Unknown("staging").Next.ShouldContain("pelago up --context staging");
        Saved.Save("staging", "/worlds/staging");
        Saved.Unknown("stagin").Next.ShouldBe("Did you mean 'staging'?");
        Saved.Unknown("x").Next.ShouldBe("Contexts: staging.");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{ "contexts": { "a": 3 } }""")]
    [InlineData("""{ "formatVersion": 1 }""")]
    public void Find_DamagedFile_IsRefusedAndUntouched(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Saved.File)!);
        File.WriteAllText(Saved.File, content);
        Refusal(() => Saved.Find("a")).ShouldBe(ErrorCodes.ContextsUnusable);
        Refusal(() => Saved.Save("a", "/b")).ShouldBe(ErrorCodes.ContextsUnusable);
        File.ReadAllText(Saved.File).ShouldBe(content);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Über")]
    [InlineData("../etc")]
    public void Save_NameThatIsNone_IsRefused(string name)
        => Refusal(() => Saved.Save(name, "/b")).ShouldBe(ErrorCodes.InvalidName);

    [Fact]
    public void World_ThroughASymbolicLink_IsTheSame()
    {
        var real = World("real");
        var link = Path.Combine(_root.FullName, "link");
        Directory.CreateSymbolicLink(link, real);
        var chain = Path.Combine(_root.FullName, "chain");
        Directory.CreateSymbolicLink(chain, "link"); // relative, to a link
        WorldDirectory.At(link).Root.ShouldBe(real);
        WorldDirectory.At(chain + "/").Root.ShouldBe(real);
        WorldDirectory.At(Path.Combine(link, "not", "yet")).Root.ShouldBe(Path.Combine(real, "not", "yet"));
    }

    [Fact]
    public void World_LinksInACircle_IsRefused()
    {
        var a = Path.Combine(_root.FullName, "a");
        File.CreateSymbolicLink(a, "b");
        File.CreateSymbolicLink(Path.Combine(_root.FullName, "b"), "a");
        Refusal(() => WorldDirectory.At(a)).ShouldBe(ErrorCodes.WorldAccess);
    }

    private string World(string name)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_root.FullName, name)).FullName;
        File.WriteAllText(Path.Combine(directory, WorldRecord.FileName), "{}");
        return directory;
    }

    private static ErrorCode Refusal(Action action) => Should.Throw<PelagoException>(action).Failure.Error;
}
