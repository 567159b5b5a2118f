namespace Pelago.Tests;

/// <summary>Waits for conditions of real processes and sockets by polling them. The limit is generous on purpose: it
/// ends a test that is broken, it is no statement about speed.</summary>
internal static class Eventually
{
    /// <summary>How long a condition may take when nothing else is said.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(30);

    /// <summary>Returns once the condition holds; fails when it does not within the limit.</summary>
    public static async Task BeTrue(
        Func<Task<bool>> condition, string what, TimeSpan? limit = null)
    {
        var within = limit ?? DefaultLimit;
        var started = TimeProvider.System.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await condition())
        {
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(within, $"waited for: {what}");
            await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Returns once the condition holds; fails when it does not within the limit.</summary>
    public static Task BeTrue(
        Func<bool> condition, string what, TimeSpan? limit = null)
        => BeTrue(() => Task.FromResult(condition()), what, limit);
}
