using System.Security.Cryptography;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>One certificate that renews itself: at two thirds of its life, with a new key each time, and with the old
/// one in use until the new one is there. Reading <see cref="Current"/> is lock-free.</summary>
/// <remarks>When the issuer is away, attempts go on with growing, jittered waits, past the end of the certificate's
/// life: the issuer may return at any time, and nobody else can help. The wait is cut into pieces of at most ten
/// minutes, because a timer counts running time, and a machine that slept must notice on waking that its certificate is
/// old.</remarks>
public sealed class RenewingCertificate : IAsyncDisposable
{
    private static readonly TimeSpan TimerResolution = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(10);

    private readonly ILeafIssuer _issuer;
    private readonly RenewalOptions _options;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private volatile LeafCertificate _current;
    private Task _loop = Task.CompletedTask;

    private RenewingCertificate(ILeafIssuer issuer, RenewalOptions options, TimeProvider clock, LeafCertificate first)
        => (_issuer, _options, _clock, _current) = (issuer, options, clock, first);

    /// <summary>The certificate in use.</summary>
    public LeafCertificate Current => _current;

    /// <summary>Gets the first certificate and starts renewing. The first attempt is the caller's to repeat: before it
    /// there is nothing to serve with.</summary>
    /// <exception cref="PelagoException">The issuer refused (its failure), or was away (PLG3010).</exception>
    public static async Task<RenewingCertificate> StartAsync(ILeafIssuer issuer, RenewalOptions options,
        TimeProvider clock, CancellationToken cancellationToken)
    {
        var (first, failure) = await AttemptAsync(issuer, options, clock, cancellationToken).ConfigureAwait(false);
        if (first is null)
            throw failure!.ToException();
        var renewing = new RenewingCertificate(issuer, options, clock, first);
        renewing._loop = renewing.RenewForeverAsync(renewing._stop.Token);
        return renewing;
    }

    /// <summary>Stops renewing; the current certificate stays usable.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RenewForeverAsync(CancellationToken cancellationToken)
    {
        var due = FirstAttemptAt(_current);
        var wait = _options.FirstRetryDelay;
        while (true)
        {
            await SleepUntilAsync(due, cancellationToken).ConfigureAwait(false);
            var (renewed, failure) = await AttemptAsync(_issuer, _options, _clock, cancellationToken)
                .ConfigureAwait(false);
            if (renewed is not null)
            {
                _current = renewed;
                // A leaf that ends with its issuer may be due when it comes: the issuer is not asked without a pause.
                var soonest = _clock.GetUtcNow() + _options.FirstRetryDelay;
                due = FirstAttemptAt(renewed) is var first && first > soonest ? first : soonest;
                wait = _options.FirstRetryDelay;
            }
            else
            {
                due = _clock.GetUtcNow() + (wait * (0.5 + (Fraction() / 2)));
                wait = wait * 2 < _options.MaxRetryDelay ? wait * 2 : _options.MaxRetryDelay;
            }
            _options.OnAttempt?.Invoke(new RenewalReport(_clock.GetUtcNow(), _current, failure, due));
        }
    }

    private static async Task<(LeafCertificate? Leaf, Failure? Failure)> AttemptAsync(ILeafIssuer issuer,
        RenewalOptions options, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.AttemptTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            var issued = await issuer.IssueAsync(SigningRequest.Create(key), either.Token).ConfigureAwait(false);
            return issued.Chain is { } chain ? (LeafCertificate.Join(chain, key), null) : (null, issued.Failure);
        }
        catch (PelagoException e)
        {
            return (null, e.Failure);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever an issuer over the wire throws (HTTP, sockets, its own bugs) must not end renewal.
            return (
                null,
                new Failure(ErrorCodes.IssuerUnavailable, $"The issuer of certificates is away ({e.GetType().Name}).",
                    "It is asked again; the certificate in use stays.")
            );
        }
    }

    private DateTimeOffset FirstAttemptAt(LeafCertificate leaf)
    {
        var life = leaf.NotAfter - leaf.NotBefore;
        return leaf.NotBefore + (life * (_options.RenewAtFraction - (_options.JitterFraction * Fraction())));
    }

    private async Task SleepUntilAsync(DateTimeOffset due, CancellationToken cancellationToken)
    {
        // A wait below the timer's resolution would return at once, and again, until the clock has moved.
        for (var left = due - _clock.GetUtcNow(); left > TimerResolution; left = due - _clock.GetUtcNow())
            await Task.Delay(left < LongestSleep ? left : LongestSleep, _clock, cancellationToken)
                .ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    // Uniform in [0, 1); spreads instances over time, so nobody gains by guessing it.
    private static double Fraction() => RandomNumberGenerator.GetInt32(1 << 20) / (double)(1 << 20);
}
