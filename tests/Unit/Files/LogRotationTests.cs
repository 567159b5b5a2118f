using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using Pelago.Client;
using Pelago.Model;
using Pelago.Region;

namespace Pelago.Tests.Unit;

public sealed class LogRotationTests : IDisposable
{
    private static readonly LogLimits Limits = new() { FileMebibytes = 1, KeptFiles = 2 };

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-log-");

    private string Log => Path.Combine(_root.FullName, "demo.shop.log");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Rotate_LogWithinItsLimit_IsLeftAlone()
    {
        File.WriteAllText(Log, "one\n");
        LogRotation.Rotate(Log, Limits).ShouldBe(Rotation.None);
        LogRotation.Rotate(Log + ".none", Limits).ShouldBe(Rotation.None);
        Directory.GetFiles(_root.FullName).ShouldBe([Log]);
    }

    [Fact]
    public void Rotate_WriterThatAppends_GoesOnAtTheNewEnd()
    {
        using var writer = new FileStream(Log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        for (var round = 1; round <= 4; round++)
        {
            Write(writer, new string((char)('0' + round), 1024 * 1024) + "\n");
            LogRotation.Rotate(Log, Limits, CannotCollapse).ShouldBe(Rotation.Cut);
            new FileInfo(Log).Length.ShouldBe(0);
        }
        using (var appending = new FileStream(Log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
            Write(appending, "after\n");
        File.ReadAllText(Log).ShouldBe("after\n");
        First(1).ShouldBe('4');
        First(2).ShouldBe('3');
        Directory.GetFiles(_root.FullName).Length.ShouldBe(3, "the log and what is kept");
    }

    [Fact]
    public void Rotate_LogFarBeyondItsLimit_KeepsItsEndAndSaysHowMuchIsMissing()
    {
        File.WriteAllText(Log, new string('a', 3 * 1024 * 1024) + "the end");
        LogRotation.Rotate(Log, Limits, CannotCollapse).ShouldBe(Rotation.Cut);
        var aside = File.ReadAllText(LogRotation.Aside(Log, 1)).Split('\n');
        aside[0].ShouldBe("[pelago dropped 2097159 bytes here: more than twice 1 MiB came at once]");
        aside[1].Length.ShouldBe(1024 * 1024);
        aside[1].ShouldEndWith("the end");
        File.GetUnixFileMode(LogRotation.Aside(Log, 1)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Rotate_LogALittleBeyondItsLimit_LosesNothingOfIt()
    {
        var content = string.Join('\n', Enumerable.Range(0, 300_000));
        File.WriteAllText(Log, content);
        content.Length.ShouldBeInRange(1024 * 1024, 2 * 1024 * 1024);
        LogRotation.Rotate(Log, Limits).ShouldNotBe(Rotation.None);
        (File.ReadAllText(LogRotation.Aside(Log, 1)) + File.ReadAllText(Log)).ShouldBe(content);
    }

    [Fact]
    public void Rotate_OnAFullDisk_KeepsTheLogAndWhatWasPutAside()
    {
        File.WriteAllText(Log, new string('a', 1024 * 1024));
        File.WriteAllText(LogRotation.Aside(Log, 1), "one");
        File.WriteAllText(LogRotation.Aside(Log, 2), "two");
        using (new FullDisk(LogRotation.Aside(Log, 1)))
            Should.Throw<IOException>(() => LogRotation.Rotate(Log, Limits, CannotCollapse));
        File.ReadAllText(LogRotation.Aside(Log, 1)).ShouldBe("one");
        File.ReadAllText(LogRotation.Aside(Log, 2)).ShouldBe("two");
        new FileInfo(Log).Length.ShouldBe(1024 * 1024);
        Directory.GetFiles(_root.FullName).Length.ShouldBe(3);

        LogRotation.Rotate(Log, Limits, CannotCollapse).ShouldBe(Rotation.Cut);
        File.ReadAllText(LogRotation.Aside(Log, 2)).ShouldBe("one");
    }

    [Fact]
    public void ServiceLogs_OfARegion_AreBoundedAndItsOwnIsNot()
    {
        var own = Path.Combine(_root.FullName, "region-us-east-1.log");
        File.WriteAllText(Log, new string('a', 1024 * 1024));
        File.WriteAllText(own, new string('b', 1024 * 1024));
        new ServiceLogs(_root.FullName, Limits, TimeProvider.System, NullLogger.Instance).RotateAll();
        new FileInfo(Log).Length.ShouldBeLessThanOrEqualTo(4096);
        new FileInfo(own).Length.ShouldBe(1024 * 1024, "the supervisor's to bound");
    }

    private static bool CannotCollapse(SafeFileHandle file, long bytes) => false;

    private char First(int number)
    {
        using var reader = new StreamReader(LogRotation.Aside(Log, number));
        return (char)reader.Read();
    }

    private static void Write(FileStream stream, string text)
    {
        stream.Seek(0, SeekOrigin.End); // what O_APPEND does at every write of another process
        stream.Write(Encoding.ASCII.GetBytes(text));
        stream.Flush();
    }
}
