namespace Pelago.Region;

/// <summary>When a service that ended is started again: at once when it had been running for a while, else after a wait
/// that doubles with every early end. Immutable.</summary>
/// <param name="EarlyEnds">Ends in a row that came soon after the start.</param>
/// <param name="NotBefore">The next start may not be earlier.</param>
internal sealed record RestartPolicy(int EarlyEnds, DateTimeOffset NotBefore)
{
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>No trouble yet.</summary>
    public static RestartPolicy None { get; } = new(0, DateTimeOffset.MinValue);

    /// <summary>After an end.</summary>
    public RestartPolicy Ended(DateTimeOffset startedAt, DateTimeOffset now)
    {
        if (now - startedAt >= Settled)
            return new RestartPolicy(0, now);
        var doublings = Math.Min(EarlyEnds, 10);
        var wait = FirstWait * (1 << doublings);
        return new RestartPolicy(EarlyEnds + 1, now + (wait < LongestWait ? wait : LongestWait));
    }
}
