namespace Pelago.Cli;

/// <summary>When a role that keeps dying is started again: at once the first time, then after a pause that doubles up
/// to a bound. A role that lived long enough starts afresh.</summary>
internal sealed class Backoff(TimeProvider time)
{
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan LongLife = TimeSpan.FromSeconds(30);

    private long _startedAt;
    private bool _started;
    private TimeSpan _pause = TimeSpan.Zero;

    /// <summary>Whether it may be started now.</summary>
    public bool MayStart => !_started || time.GetElapsedTime(_startedAt) >= _pause;

    /// <summary>It has been started, by us or by a predecessor.</summary>
    public void Started()
    {
        if (!_started)
            _pause = TimeSpan.Zero;
        else if (time.GetElapsedTime(_startedAt) >= LongLife)
            _pause = TimeSpan.Zero;
        else
            _pause = _pause == TimeSpan.Zero ? FirstPause : Min(_pause * 2, LongestPause);
        (_started, _startedAt) = (true, time.GetTimestamp());
    }

    /// <summary>Somebody asks for it now: no pause.</summary>
    public void Forget() => _started = false;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
