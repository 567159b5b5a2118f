using System.Diagnostics;

namespace Pelago.Tests.Unit;

/// <summary>Waits for a condition by asking again; the bound only ends a test that would never end.</summary>
public static class Eventually
{
    public static Task HoldsAsync(Func<bool> condition, string what, int withinSeconds = 30)
        => HoldsAsync(() => Task.FromResult(condition()), what, withinSeconds);

    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, int withinSeconds = 30)
    {
        var started = Stopwatch.GetTimestamp();
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started).TotalSeconds > withinSeconds)
                throw new TimeoutException($"after {withinSeconds} s still not true: {what}");
            await tick.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
