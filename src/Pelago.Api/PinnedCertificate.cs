using System.Net.Security;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Api;

/// <summary>The server certificate of an API. It renews itself at two thirds of its life like every leaf, but keeps its
/// key, because tickets name that key: a process that was given one must recognise the server after a renewal or a
/// restart of it. The key changes when its file is removed; tickets that were not used by then are void.</summary>
public sealed class PinnedCertificate : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);

    private readonly Func<IntermediateAuthority> _authority;
    private readonly LeafGrant _grant;
    private readonly ECDsa _key;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private volatile LeafCertificate _current;
    private Task _loop = Task.CompletedTask;

    private PinnedCertificate(
        Func<IntermediateAuthority> authority, LeafGrant grant, ECDsa key, TimeProvider clock, ILogger log)
    {
        (_authority, _grant, _key, _clock, _log) = (authority, grant, key, clock, log);
        _current = Issue() ?? throw new Failure(ErrorCodes.IssuerUnavailable,
            $"No certificate could be issued for '{grant.DnsName}'.", "Look into the issuance log for the reason.")
            .ToException();
    }

    /// <summary>The certificate in use.</summary>
    public LeafCertificate Current => _current;

    /// <summary>What the next handshake shows.</summary>
    public SslStreamCertificateContext Context => _current.Context;

    /// <summary>SHA-256 of the key's SubjectPublicKeyInfo, lower-case hex: what tickets name.</summary>
    public string Pin => Convert.ToHexStringLower(SHA256.HashData(_key.ExportSubjectPublicKeyInfo()));

    /// <summary>Issues the first certificate and starts renewing.</summary>
    /// <param name="authority">The intermediate in use, asked at each renewal.</param>
    /// <param name="hostname">The one name.</param>
    /// <param name="keys">Where the key is kept, as <c>api-server</c>; made when it is not there.</param>
    /// <param name="clock">Time.</param>
    /// <param name="log">Where a renewal that failed is told.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<PinnedCertificate> StartAsync(Func<IntermediateAuthority> authority, string hostname,
        ISigningKeys keys, TimeProvider clock, ILogger log, CancellationToken cancellationToken)
    {
        var key = await keys.OpenAsync("api-server", cancellationToken);
        try
        {
            var certificate = new PinnedCertificate(
                authority, new LeafGrant(hostname, LeafUse.Server, "its own listener"), key, clock, log);
            certificate._loop = certificate.RenewForeverAsync(certificate._stop.Token);
            return certificate;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _key.Dispose();
    }

    private LeafCertificate? Issue()
        => _authority().Issue(SigningRequest.Create(_key), _grant).Chain is { } chain
            ? LeafCertificate.Join(chain, _key) : null;

    // Whatever fails may be over at the next try: a full disk under the issuance log, an authority that is replaced.
    private LeafCertificate? Renew()
    {
        try
        {
            return Issue(); // a refusal is in the issuance log
        }
        catch (Exception e)
        {
            Log.CertificateNotRenewed(_log, _grant.DnsName, e);
            return null;
        }
    }

    private async Task RenewForeverAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await RenewalTime.SleepUntilDueAsync(_current.Certificate, _clock, cancellationToken);
            if (Renew() is { } renewed)
                _current = renewed;
            else
                await Task.Delay(RetryDelay, _clock, cancellationToken);
        }
    }
}
