namespace Pelago.Sdk.Testing;

/// <summary>The one queue of everything that is going to happen. Time is a number of milliseconds that jumps from one
/// happening to the next; equal times happen in the order in which they were planned.</summary>
internal sealed class VirtualTime
{
    /// <summary>Wall clock at the start of every run: 2030-01-01.</summary>
    public const long FirstWallMilliseconds = 1_893_456_000_000;

    private readonly PriorityQueue<Action, (long Time, long Number)> queue = new();
    private long planned;

    /// <summary>Milliseconds since the run began.</summary>
    public long Now { get; private set; }

    /// <summary>Number of happenings so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Plans a happening.</summary>
    public void After(long milliseconds, Action happening) => At(Now + milliseconds, happening);

    /// <summary>Plans a happening; a time in the past means at once.</summary>
    public void At(long time, Action happening) => queue.Enqueue(happening, (Math.Max(time, Now), ++planned));

    /// <summary>Lets the next thing happen that is planned up to a time.</summary>
    /// <returns>False when nothing is; then it is that time.</returns>
    public bool Next(long time)
    {
        if (!queue.TryPeek(out _, out var next) || next.Time > time)
        {
            Now = Math.Max(Now, time);
            return false;
        }
        Now = next.Time;
        Steps++;
        queue.Dequeue()();
        return true;
    }

    /// <summary>Lets everything happen that is planned up to a time.</summary>
    public void RunUntil(long time)
    {
        while (Next(time))
        {
        }
    }
}
