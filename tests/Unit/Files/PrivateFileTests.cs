using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.Unit;

public sealed class PrivateFileTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-private-");

    private string Path => System.IO.Path.Combine(_root.FullName, "state.json");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Write_FullDisk_SaysThatItIsFullAndKeepsWhatWasThere()
    {
        PrivateFile.Write(Path, "old"u8);
        using (new FullDisk(Path))
        {
            var failure = Should.Throw<PelagoException>(() => PrivateFile.Write(Path, "new"u8)).Failure;
            failure.Error.ShouldBe(ErrorCodes.FileNotWritten);
            failure.Message.ShouldBe($"'{Path}' cannot be written: the disk is full.");
            failure.Next.ShouldContain("Free space");
        }
        File.ReadAllText(Path).ShouldBe("old");
    }

    [Fact]
    public void Directory_ThatIsCreatedWithItsParents_IsItsOwnersAlone()
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode Shared = Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
        var there = System.IO.Path.Combine(_root.FullName, "there");
        Directory.CreateDirectory(there);
        File.SetUnixFileMode(there, Shared);
        var (first, second) = (System.IO.Path.Combine(there, "a"), System.IO.Path.Combine(there, "a", "b"));

        PrivateFile.CreateDirectory(second + System.IO.Path.DirectorySeparatorChar);
        PrivateFile.CreateDirectory(second);

        File.GetUnixFileMode(second).ShouldBe(Owner);
        File.GetUnixFileMode(first).ShouldBe(Owner);
        File.GetUnixFileMode(there).ShouldBe(Shared, "it was there");
    }

    [Fact]
    public void Write_WhatAnEarlierAttemptLeft_IsNoObstacle()
    {
        File.WriteAllText(Path + ".new", "a longer text that was cut off");
        PrivateFile.Write(Path, "new"u8);
        File.ReadAllText(Path).ShouldBe("new");
        Directory.GetFiles(_root.FullName).ShouldBe([Path]);
    }

    [Fact]
    public void Write_DirectoryThatIsAFile_SaysWhatStandsInTheWay()
    {
        File.WriteAllText(Path, "");
        var below = System.IO.Path.Combine(Path, "other.json");
        var failure = Should.Throw<PelagoException>(() => PrivateFile.Write(below, "new"u8)).Failure;
        failure.Error.ShouldBe(ErrorCodes.FileNotWritten);
        failure.Message.ShouldStartWith($"'{below}' cannot be written: ");
    }
}
