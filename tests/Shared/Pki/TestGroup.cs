using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Pki;

namespace Pelago.Tests.Pki;

/// <summary>A region group in a temporary directory: a root, and regions with real intermediates.</summary>
public sealed class TestGroup : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    private TestGroup(string name, TimeProvider clock, Lifetimes lifetimes)
    {
        (Name, Clock, Lifetimes) = (name, clock, lifetimes);
        Folder = Directory.CreateTempSubdirectory("pelago-pki-").FullName;
        Kek = KeyEncryptionKey.OpenFile(Path.Combine(Folder, "kek"), Path.Combine(Folder, "keys"));
        Keys = new SealedKeyFiles(Path.Combine(Folder, "keys"), Kek);
    }

    public string Name { get; }

    public string Folder { get; }

    public TimeProvider Clock { get; }

    public Lifetimes Lifetimes { get; }

    public KeyEncryptionKey Kek { get; }

    public SealedKeyFiles Keys { get; }

    public AuditSink Audit { get; } = new();

    public RootAuthority Root { get; private set; } = null!;

    public TrustBundle Bundle { get; set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<TestGroup> CreateAsync(string name = "local", TimeProvider? clock = null,
        Lifetimes? lifetimes = null)
    {
        var group = new TestGroup(name, clock ?? TimeProvider.System, lifetimes ?? new Lifetimes());
        group.Root = await RootAuthority.OpenAsync(name, group.Folder, group.Keys, group.Lifetimes, group.Audit,
            group.Clock, Stop);
        group.Bundle = group.Root.ToBundle(1);
        return group;
    }

    public static RegionDomain Domain(string region)
        => new(region, $"{region}.apps.pelago.localhost", $"{region}.platform.pelago.localhost");

    public async Task<IntermediateAuthority> AddRegionAsync(string region, TimeSpan? life = null)
    {
        var csr = await IntermediateAuthority.RequestAsync(Keys, region, Stop);
        var issued = Root.CertifyRegion(csr, Domain(region), "a test", life).Require();
        var authority = await IntermediateAuthority.OpenAsync(Domain(region), issued, Bundle, Keys, region, Lifetimes,
            Audit, Clock, Stop);
        _owned.Add(authority);
        return authority;
    }

    public IdentityCheck Check() => new(() => Bundle, Clock);

    /// <summary>The intermediate's private key: for forging what the authority itself refuses to issue.</summary>
    public async Task<ECDsa> StealKeyAsync(string name) => await Keys.OpenAsync(name, Stop);

    public static LeafCertificate Leaf(IntermediateAuthority authority, string name, LeafUse use = LeafUse.Client,
        TimeSpan? life = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return LeafCertificate.Join(
            authority.Issue(SigningRequest.Create(key), new LeafGrant(name, use, "a test", life)).Require(), key);
    }

    public static X509Certificate2Collection Sent(IntermediateAuthority authority) => [authority.Certificate];

    public void Dispose()
    {
        foreach (var one in _owned)
            one.Dispose();
        Root.Dispose();
        Kek.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    public sealed class AuditSink : IIssuanceAudit
    {
        private readonly Lock _gate = new();
        private readonly List<IssuanceRecord> _records = [];
        private int _failed;

        public IReadOnlyList<IssuanceRecord> Records
        {
            get
            {
                lock (_gate)
                    return [.. _records];
            }
        }

        /// <summary>Fails each record, as a full disk does.</summary>
        public volatile bool Fails;

        /// <summary>How many records failed.</summary>
        public int Failed => Volatile.Read(ref _failed);

        public void Record(IssuanceRecord record)
        {
            if (Fails)
            {
                Interlocked.Increment(ref _failed);
                throw new IOException("No space left on device");
            }
            lock (_gate)
                _records.Add(record);
        }
    }
}
