using Pelago.Model;

namespace Pelago.Pki;

/// <summary>How long certificates live.</summary>
public sealed record Lifetimes
{
    /// <summary>An intermediate lives at least so many leaf lives, so that an issuer that was away for a while still
    /// gives leaves of full length.</summary>
    public const int LeafLivesPerIntermediate = 6;

    // Renewal begins within two thirds of the time from a certificate's beginning to its end, and the backdate is a
    // part of that which is over when the certificate is made. At this ratio a new leaf has a tenth of its life to go.
    private const double LeastLeafOfBackdate = 0.75;

    /// <summary>Ten years.</summary>
    public TimeSpan Root { get; init; } = TimeSpan.FromDays(3650);

    /// <summary>Ninety days.</summary>
    public TimeSpan Intermediate { get; init; } = TimeSpan.FromDays(90);

    /// <summary>24 hours.</summary>
    public TimeSpan Leaf { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How far into the past a certificate's validity begins, for peers whose clock is behind: five
    /// minutes.</summary>
    public TimeSpan Backdate { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Null when they fit each other.</summary>
    public Failure? Check()
    {
        if (Leaf < TimeSpan.FromMinutes(1))
            return Bad($"A leaf's life of {Leaf} is below one minute.", "lifetimes.leaf");
        if (Backdate < TimeSpan.Zero || Backdate > TimeSpan.FromHours(1))
            return Bad($"A backdate of {Backdate} is not between zero and one hour.", "lifetimes.backdate");
        if (Leaf < Backdate * LeastLeafOfBackdate)
        {
            return Bad($"A leaf's life of {Leaf} is shorter than three quarters of its backdate of {Backdate}: "
                + "a new leaf would be due for renewal at once.", "lifetimes.leaf");
        }
        if (Intermediate < Leaf * LeafLivesPerIntermediate)
            return Bad(
                $"An intermediate's life of {Intermediate} is shorter than "
                    + $"{LeafLivesPerIntermediate} leaf lives of {Leaf}.",
                "lifetimes.intermediate"
            );
        return Root < Intermediate
            ? Bad($"A root's life of {Root} is shorter than an intermediate's of {Intermediate}.", "lifetimes.root")
            : null;
    }

    private static Failure Bad(string message, string field) =>
        new(ErrorCodes.BadLifetimes, message,
            $"Defaults: root {new Lifetimes().Root.Days} days, intermediate 90 days, leaf 24 hours.", field);
}
