using Pelago.Model;

namespace Pelago.Pki;

/// <summary>When a certificate is renewed, and what is done while the issuer is away.</summary>
public sealed record RenewalOptions
{
    /// <summary>Part of the life after which the first attempt is made: two thirds.</summary>
    public double RenewAtFraction { get; init; } = 2.0 / 3.0;

    /// <summary>Part of the life by which the first attempt is made earlier at random, so that instances that started
    /// together do not ask together: up to 5 %.</summary>
    public double JitterFraction { get; init; } = 0.05;

    /// <summary>Wait after the first failed attempt; doubles up to <see cref="MaxRetryDelay"/>. Also the shortest wait
    /// after one that succeeded. One second.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between attempts: one minute.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long one attempt may take: 30 seconds.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Told of every renewal and failed attempt, for logs and metrics; must not block or throw.</summary>
    public Action<RenewalReport>? OnAttempt { get; init; }
}

/// <summary>What came of one attempt.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Current">The certificate in use after it.</param>
/// <param name="Failure">Null when renewed.</param>
/// <param name="NextAttempt">When the next one is due.</param>
public sealed record RenewalReport(DateTimeOffset At, LeafCertificate? Current, Failure? Failure,
    DateTimeOffset NextAttempt);
