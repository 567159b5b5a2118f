using System.Collections.Frozen;
using System.Net.Security;

namespace Pelago.Pki;

/// <summary>The server certificates of one listener, found by the name that a handshake asks for. Every one renews
/// itself. Finding is lock-free; changes are made by one caller at a time and wait for each other.</summary>
/// <param name="issuerOf">Makes the issuer of a name's certificate.</param>
/// <param name="options">Renewal of each.</param>
/// <param name="clock">Time.</param>
public sealed class CertificateSet(Func<string, ILeafIssuer> issuerOf, RenewalOptions options, TimeProvider clock)
    : IAsyncDisposable
{
    private readonly SemaphoreSlim _changing = new(1);
    private volatile FrozenDictionary<string, RenewingCertificate> _byName = FrozenDictionary<
        string,
        RenewingCertificate
    >.Empty;

    /// <summary>The names that can be answered for now.</summary>
    public IReadOnlyCollection<string> Names => _byName.Keys;

    /// <summary>The certificate for a name (any case, as TLS sends it), or null: there is no default.</summary>
    public SslStreamCertificateContext? Find(string? name)
        => name is not null && _byName.TryGetValue(name, out var found) ? found.Current.Context : null;

    /// <summary>The certificate for a name with its dates, or null.</summary>
    public LeafCertificate? FindLeaf(string name) => _byName.TryGetValue(name, out var found) ? found.Current : null;

    /// <summary>Makes the set hold exactly these names: gets what is missing, keeps what is there, drops the rest.
    /// Either all of it happens or nothing.</summary>
    /// <exception cref="Pelago.Model.PelagoException">A missing one could not be issued.</exception>
    public async Task SetNamesAsync(IEnumerable<string> names, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        var added = new List<RenewingCertificate>();
        try
        {
            var before = _byName;
            var after = new Dictionary<string, RenewingCertificate>(StringComparer.OrdinalIgnoreCase);
            foreach (var name in names)
            {
                if (!after.ContainsKey(name) && !before.TryGetValue(name, out var kept))
                {
                    kept = await RenewingCertificate
                        .StartAsync(issuerOf(name), options, clock, cancellationToken)
                        .ConfigureAwait(false);
                    added.Add(kept);
                    after.Add(name, kept);
                }
                else if (before.TryGetValue(name, out kept))
                {
                    after[name] = kept;
                }
            }
            _byName = after.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
            added.Clear();
            foreach (var dropped in before.Where(b => !after.ContainsKey(b.Key)))
                await dropped.Value.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            foreach (var unused in added)
                await unused.DisposeAsync().ConfigureAwait(false);
            _changing.Release();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var one in _byName.Values)
            await one.DisposeAsync().ConfigureAwait(false);
        _changing.Dispose();
    }
}
