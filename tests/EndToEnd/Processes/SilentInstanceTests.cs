using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;
using Pelago.Region;

namespace Pelago.Tests.EndToEnd;

/// <summary>An instance that runs and answers nobody.</summary>
public sealed class SilentInstanceTests : IDisposable
{
    private static readonly string[] Entrypoint = ["dotnet", "none.dll"];
    private const string Digest = "sha256:0000000000000000000000000000000000000000000000000000000000000001";
    private static readonly DesiredService Shop = new("demo", "shop", new ServiceSpec(Digest), "r1");

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pelago-silent-");
    private readonly FakeClock _clock = new();
    private readonly InstanceProbe _probe;
    private readonly InstanceTable _table;
    private readonly KeyEncryptionKey _kek;
    private readonly WorkloadHost _host;
    private ProcessIdentity _program;

    public SilentInstanceTests()
    {
        var home = new RegionHome(Path.Combine(_root.FullName, "region"));
        home.Prepare();
        _table = InstanceTable.Open(home);
        _probe = new InstanceProbe(_clock);
        _kek = KeyEncryptionKey.OpenFile(home.SealingKeyFile, home.Keys);
        var programs = new ProgramStore(
            home.Programs, new ArtifactStore(home.Artifacts, new ArtifactLimits()), new ArtifactLimits());
        PrivateFile.CreateDirectory(programs.PathOf(Digest));
        PrivateFile.WriteJson(programs.PathOf(Digest) + ".json", Entrypoint);
        var config = new RegionConfig("local", "us-east-1", "us-east-1.apps.pelago.localhost",
            "us-east-1.platform.pelago.localhost", 1, 2, 3, 4, 14_480, 9, "https://localhost:1",
            Model.Endpoint.Loopback(1), "", "", [])
        {
            GuardDirectory = Path.Combine(home.Path, "guards"),
        };
        var catalog = new ServiceCatalog();
        catalog.Replace([Shop]);
        _host = new WorkloadHost(catalog, _table, programs,
            new InstanceStarter(home, config, programs, _table, _kek, () => "", _clock), _probe, new Nowhere(), _clock,
            NullLogger.Instance);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (_program.IsAlive)
            _program.Kill();
        _probe.Dispose();
        _kek.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task Life_WithoutAnAnswer_IsAnEarlyEndAndSaysWhy()
    {
        using var taken = new Socket(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound and not listening: connections are refused
        var management = ((IPEndPoint)taken.LocalEndPoint!).Port;
        _program = DetachedProcess.Start(new ProcessSpec("sleep", ["600"], "/dev/null"));
        _table.Put(new InstanceState(
            "i-1", "demo", "shop", "r1", _clock.GetUtcNow(), _program, management - 1, "", []));

        await _host.TurnAsync(Stop);
        _clock.Advance(TimeSpan.FromSeconds(29));
        await _host.TurnAsync(Stop);
        _program.IsAlive.ShouldBeTrue("it has 30 s");
        _clock.Advance(TimeSpan.FromSeconds(1));
        await _host.TurnAsync(Stop);
        await Eventually.BeTrue(() => !_program.IsAlive, "it is killed");
        await _host.TurnAsync(Stop);

        var trouble = _host.Troubles.Of(Shop).ShouldNotBeNull();
        trouble.Said.ShouldBe(new TroubleView("PLG7204",
            "Instance i-1 did not answer on its management port within 30 s and was ended.",
            "Was it built with AddPelago? If so, the log of the service may say what held it up."));
        trouble.Revision.ShouldBe("r1", "the service is Failing, not about to start");
        _host.Troubles.RestartsOf(Shop).ShouldNotBeNull().Ends.ShouldBe(1);
    }

    [Fact]
    public void Silence_OfOneThatHadAnswered_DoesNotBlameTheBuild()
    {
        var instance = new InstanceState("i-1", "demo", "shop", "r1", _clock.GetUtcNow(), default, 5, "", []);
        ServiceTrouble.OfSilent(instance, hadAnswered: true).Message.ShouldNotContain("AddPelago");
        var said = new TroubleView("PLG4006", "It is damaged.", "Set it aside.");
        ServiceTrouble.OfSilent(instance with { Failure = said }, hadAnswered: false).Said.ShouldBe(said);
    }

    private sealed class Nowhere : IArtifactSource
    {
        public Task FetchAsync(string digest, CancellationToken cancellationToken)
            => throw new InvalidOperationException("Everything is installed.");
    }
}
