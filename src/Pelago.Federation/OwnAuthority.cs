using Microsoft.Extensions.Logging;
using Pelago.Api;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Federation;

/// <summary>What an authority of the federation plane's own names is made from.</summary>
internal sealed record OwnAuthorityParts(
    RootAuthority Root, RegionDomain Domain, TrustBundle Bundle, string KeyDirectory, ISigningKeys Keys,
    Lifetimes Lifetimes, IIssuanceAudit Audit, TimeProvider Clock, ILogger Log);

/// <summary>The intermediate by which the federation plane certifies its own listener. The plane holds the root, so it
/// makes a new one, with a new key, at every start and at two thirds of each one's life; the keys before are
/// removed.</summary>
internal sealed class OwnAuthority : IDisposable
{
    private const string KeyPrefix = "intermediate";
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMinutes(1);

    private readonly OwnAuthorityParts _parts;
    private volatile IntermediateAuthority _current;

    private OwnAuthority(OwnAuthorityParts parts, IntermediateAuthority first) => (_parts, _current) = (parts, first);

    /// <summary>The intermediate in use.</summary>
    public IntermediateAuthority Current => _current;

    /// <summary>Makes the first one.</summary>
    /// <exception cref="PelagoException">The root refused, or the key cannot be kept.</exception>
    public static async Task<OwnAuthority> CreateAsync(OwnAuthorityParts parts, CancellationToken cancellationToken)
        => new(parts, await MakeAsync(parts, cancellationToken));

    /// <summary>Renews until cancelled.</summary>
    public async Task RenewForeverAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await RenewalTime.SleepUntilDueAsync(_current.Certificate, _parts.Clock, cancellationToken);
            try
            {
                // The one before is not disposed: an issuance may be under way, and there is one in sixty days.
                _current = await MakeAsync(_parts, cancellationToken);
                Log.IntermediateRenewed(_parts.Log, _current.Certificate.NotAfter.ToUniversalTime());
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // Whatever fails may be over at the next try: a full disk above all.
                Log.IntermediateNotRenewed(_parts.Log, e is PelagoException { Failure: var why } ? $"{why}" : $"{e}");
                await Task.Delay(RetryDelay, _parts.Clock, cancellationToken);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _current.Dispose();

    private static async Task<IntermediateAuthority> MakeAsync(
        OwnAuthorityParts parts, CancellationToken cancellationToken)
    {
        var name = $"{KeyPrefix}-{parts.Clock.GetUtcNow().ToUnixTimeMilliseconds()}";
        var request = await IntermediateAuthority.RequestAsync(parts.Keys, name, cancellationToken);
        var issued = parts.Root.CertifyRegion(request, parts.Domain, "the federation plane").Require();
        var made = await IntermediateAuthority.OpenAsync(parts.Domain, issued, parts.Bundle, parts.Keys, name,
            parts.Lifetimes, parts.Audit, parts.Clock, cancellationToken);
        foreach (var file in Directory.EnumerateFiles(parts.KeyDirectory, KeyPrefix + "*.key"))
        {
            if (Path.GetFileNameWithoutExtension(file) != name)
                File.Delete(file);
        }
        return made;
    }
}
