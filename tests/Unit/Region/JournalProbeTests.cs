using Pelago.Region;

namespace Pelago.Tests.Unit;

public sealed class JournalProbeTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-probe-");
    private readonly FakeClock _clock = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task Check_DiskThatTakesIt_IsWellAndWroteForReal()
    {
        using var probe = JournalProbe.OfDisk(_root.FullName, _clock);
        var result = await probe.CheckAsync(Stop);
        result.Trouble.ShouldBeNull();
        result.Flush.ShouldNotBeNull();
        new FileInfo(Path.Combine(_root.FullName, "probe")).Length.ShouldBe(4096);
    }

    [Fact]
    public async Task Check_DirectoryThatIsGone_IsTroubleOnceTheLastResultIsOld()
    {
        using var probe = JournalProbe.OfDisk(Path.Combine(_root.FullName, "journal"), _clock);
        Directory.CreateDirectory(Path.Combine(_root.FullName, "journal"));
        (await probe.CheckAsync(Stop)).Trouble.ShouldBeNull();
        Directory.Delete(Path.Combine(_root.FullName, "journal"), recursive: true);
        (await probe.CheckAsync(Stop)).Trouble.ShouldBeNull("many who ask share one probe");

        _clock.Advance(JournalProbe.FreshFor);
        (await probe.CheckAsync(Stop)).Trouble.ShouldNotBeNull().ShouldContain("cannot be written");

        Directory.CreateDirectory(Path.Combine(_root.FullName, "journal"));
        _clock.Advance(JournalProbe.FreshFor);
        (await probe.CheckAsync(Stop)).Trouble.ShouldBeNull("it is mended");
    }
}
