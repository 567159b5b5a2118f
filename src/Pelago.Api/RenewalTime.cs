using System.Security.Cryptography.X509Certificates;
using Pelago.Pki;

namespace Pelago.Api;

/// <summary>When the authorities and listeners of a host are renewed.</summary>
public static class RenewalTime
{
    private static readonly TimeSpan TimerResolution = TimeSpan.FromMilliseconds(1);

    private static readonly TimeSpan ShortestSleep = TimeSpan.FromSeconds(1);

    // A timer counts running time: a machine that slept notices within this time that its certificate is old.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(1);

    /// <summary>Two thirds of a certificate's life, as everywhere.</summary>
    public static DateTimeOffset DueOf(X509Certificate2 certificate)
    {
        DateTimeOffset begin = certificate.NotBefore.ToUniversalTime();
        return begin + ((certificate.NotAfter.ToUniversalTime() - begin) * new RenewalOptions().RenewAtFraction);
    }

    /// <summary>Sleeps until a certificate that is in use is due. One that was made shortly before its issuer ends may
    /// be due already: then for a second, so that nobody issues without a pause.</summary>
    public static Task SleepUntilDueAsync(
        X509Certificate2 certificate, TimeProvider clock, CancellationToken cancellationToken)
    {
        var (due, soonest) = (DueOf(certificate), clock.GetUtcNow() + ShortestSleep);
        return SleepUntilAsync(due > soonest ? due : soonest, clock, cancellationToken);
    }

    /// <summary>Sleeps until a time by the wall clock.</summary>
    public static async Task SleepUntilAsync(
        DateTimeOffset due, TimeProvider clock, CancellationToken cancellationToken)
    {
        // A wait below the timer's resolution would return at once, and again, until the clock has moved.
        for (var left = due - clock.GetUtcNow(); left > TimerResolution; left = due - clock.GetUtcNow())
            await Task.Delay(left < LongestSleep ? left : LongestSleep, clock, cancellationToken);
    }
}
