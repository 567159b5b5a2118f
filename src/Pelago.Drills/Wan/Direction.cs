namespace Pelago.Drills;

/// <summary>One direction between two ends, shared by every connection that crosses it: forward flows of the link
/// From→To and backward flows of To→From. Times are timestamps of the emulator's clock.</summary>
internal sealed class Direction
{
    private readonly TimeProvider _time;
    private TaskCompletionSource _open = Opened();
    private long _delay;
    private long _notBefore;

    public Direction(string from, string to, TimeSpan delay, TimeProvider time)
    {
        (From, To, _time) = (from, to, time);
        Delay = delay;
    }

    public string From { get; }

    public string To { get; }

    /// <summary>How long a byte travels.</summary>
    public TimeSpan Delay
    {
        get => _time.GetElapsedTime(0, DelayTicks);
        set => Volatile.Write(ref _delay, (long)(value.TotalSeconds * _time.TimestampFrequency));
    }

    /// <summary><see cref="Delay"/> in the clock's timestamps.</summary>
    public long DelayTicks => Volatile.Read(ref _delay);

    /// <summary>Nothing is delivered before: what a cut held back travels again from the moment of healing, as packets
    /// that are sent once more.</summary>
    public long NotBefore => Volatile.Read(ref _notBefore);

    public bool IsCut => !Volatile.Read(ref _open).Task.IsCompleted;

    /// <summary>Since when it is cut, or null.</summary>
    public DateTimeOffset? CutSince { get; private set; }

    /// <summary>Completes when the direction is not cut.</summary>
    public Task WhenOpen => Volatile.Read(ref _open).Task;

    public void Cut(DateTimeOffset since)
    {
        if (IsCut)
            return;
        CutSince = since;
        Volatile.Write(ref _open, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    public void Heal()
    {
        if (!IsCut)
            return;
        CutSince = null;
        Volatile.Write(ref _notBefore, _time.GetTimestamp() + DelayTicks);
        _open.TrySetResult();
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }
}
