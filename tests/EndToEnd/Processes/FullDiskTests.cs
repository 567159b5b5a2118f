using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;
using Pelago.Region;

namespace Pelago.Tests.EndToEnd;

/// <summary>What a region does with its instances while its disk takes nothing. The instance is a program that is not
/// there: its process ends at once.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const string Digest = "sha256:0000000000000000000000000000000000000000000000000000000000000001";
    private static readonly string[] EntryPoint = ["dotnet", "none.dll"];
    private static readonly DesiredService Shop = new("demo", "shop", new ServiceSpec(Digest), "r1");

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-full-");
    private readonly FakeClock _clock = new();
    private readonly RegionHome _home;
    private readonly InstanceTable _table;

    public FullDiskTests()
    {
        _home = new RegionHome(Path.Combine(_root.FullName, "region"));
        _home.Prepare();
        _table = InstanceTable.Open(_home);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Put_ThatCannotBeWritten_IsNotTaken()
    {
        using (Full())
        {
            Should.Throw<PelagoException>(() => _table.Put(Instance("i-1")))
                .Failure.Error.ShouldBe(ErrorCodes.FileNotWritten);
            _table.Instances.ShouldBeEmpty();
        }
        _table.Put(Instance("i-1"));
        _table.Instances.Keys.ShouldBe(["i-1"]);
    }

    [Fact]
    public void WhatHappened_WhileItCannotBeWritten_CountsAndIsWrittenLater()
    {
        _table.Put(Instance("i-1"));
        _table.Put(Instance("i-2"));
        using (Full())
        {
            _table.Note("i-1", i => i with { Process = ProcessIdentity.Current });
            _table.Remove("i-2");
            _table.Settle();
            _table.Unsaved.ShouldNotBeNull().Error.ShouldBe(ErrorCodes.FileNotWritten);
        }
        _table.Instances.Values.Select(i => (i.Id, i.Process)).ShouldBe([("i-1", ProcessIdentity.Current)]);
        Saved().Count.ShouldBe(2);

        _table.Settle();
        _table.Unsaved.ShouldBeNull();
        Saved().Select(i => (i.Id, i.Process)).ShouldBe([("i-1", ProcessIdentity.Current)]);
    }

    [Fact]
    public async Task Turn_OnAFullDisk_StartsNothingAndTriesAgain()
    {
        using var probe = new InstanceProbe(_clock);
        using var kek = KeyEncryptionKey.OpenFile(_home.SealingKeyFile, _home.Keys);
        var catalog = new ServiceCatalog();
        catalog.Replace([Shop]);
        var host = Host(catalog, kek, probe);
        using (Full())
        {
            await host.TurnAsync(Stop);
            _table.Instances.ShouldBeEmpty();
            host.Troubles.Of(Shop).ShouldNotBeNull().Message.ShouldContain("the disk is full");
            File.Exists(_home.LogOf("demo", "shop")).ShouldBeFalse("no process was started");
        }
        _clock.Advance(TimeSpan.FromSeconds(1));
        await host.TurnAsync(Stop);
        _table.Instances.Values.Single().Process.Pid.ShouldBeGreaterThan(0);
        Saved().Single().Process.Pid.ShouldBe(_table.Instances.Values.Single().Process.Pid);
    }

    [Fact]
    public async Task Turn_InstanceThatEndedOnAFullDisk_IsForgottenAndTheHostGoesOn()
    {
        _table.Put(Instance("i-1") with { Process = new ProcessIdentity(int.MaxValue, 1) });
        using var probe = new InstanceProbe(_clock);
        using var kek = KeyEncryptionKey.OpenFile(_home.SealingKeyFile, _home.Keys);
        var host = Host(new ServiceCatalog(), kek, probe);
        using (Full())
        {
            await host.TurnAsync(Stop);
            _table.Instances.ShouldBeEmpty();
            Saved().Count.ShouldBe(1);
        }
        _clock.Advance(TimeSpan.FromSeconds(1));
        await host.TurnAsync(Stop);
        Saved().ShouldBeEmpty("it is written as soon as there is space");
    }

    private FullDisk Full() => new(_home.WorkloadsFile, _home.InstancesFile);

    private IReadOnlyList<InstanceState> Saved()
        => PrivateFile.ReadJson<WorkloadsRecord>(_home.WorkloadsFile).ShouldNotBeNull().Instances;

    private WorkloadHost Host(ServiceCatalog catalog, KeyEncryptionKey kek, InstanceProbe probe)
    {
        var programs = new ProgramStore(
            _home.Programs, new ArtifactStore(_home.Artifacts, new ArtifactLimits()), new ArtifactLimits());
        PrivateFile.CreateDirectory(programs.PathOf(Digest));
        PrivateFile.WriteJson(programs.PathOf(Digest) + ".json", EntryPoint);
        var here = Model.Endpoint.Loopback(1);
        var config = new RegionConfig("local", "us-east-1", "us-east-1.apps.pelago.localhost",
            "us-east-1.platform.pelago.localhost", 1, 2, 3, 4, 14_480, 9, "https://localhost:1", here, "", "", [])
        {
            GuardDirectory = Path.Combine(_home.Path, "guards"),
        };
        var starter = new InstanceStarter(_home, config, programs, _table, kek, () => "", _clock);
        return new WorkloadHost(
            catalog, _table, programs, starter, probe, new Nowhere(), _clock, NullLogger.Instance);
    }

    private InstanceState Instance(string id)
        => new(id, "demo", "shop", "r1", _clock.GetUtcNow(), default, 5, "", []);

    private sealed class Nowhere : IArtifactSource
    {
        public Task FetchAsync(string digest, CancellationToken cancellationToken)
            => throw new InvalidOperationException("Everything is installed.");
    }
}
