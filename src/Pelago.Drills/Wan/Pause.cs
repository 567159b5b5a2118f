using System.Runtime.InteropServices;

namespace Pelago.Drills;

/// <summary>Puts one thread to sleep until a moment of its clock, or until another thread wakes it.</summary>
internal interface IPause : IDisposable
{
    /// <summary>Sleeps; may return early. A wake-up that came before is not lost.</summary>
    void Until(long timestamp);

    /// <summary>Ends the present or the next sleep.</summary>
    void Wake();
}

/// <summary>Sleeps by a timer of any clock: as precise as that clock's timers, with which a fake clock is
/// exact.</summary>
internal sealed class TimerPause(TimeProvider time) : IPause
{
    private readonly ManualResetEventSlim _woken = new();

    public void Until(long timestamp)
    {
        var wait = timestamp == Pacer.Never
            ? Timeout.InfiniteTimeSpan
            : time.GetElapsedTime(time.GetTimestamp(), timestamp);
        if (wait <= TimeSpan.Zero && wait != Timeout.InfiniteTimeSpan)
            return;
        using var timer = time.CreateTimer(_ => Wake(), null, wait, Timeout.InfiniteTimeSpan);
        if (timestamp != Pacer.Never && time.GetTimestamp() >= timestamp)
            return; // the clock moved on before the timer knew of it
        _woken.Wait();
        _woken.Reset();
    }

    public void Wake() => _woken.Set();

    public void Dispose() => _woken.Dispose();
}

/// <summary>Sleeps in <c>ppoll</c> on an event descriptor: nanosecond timeout, no timer slack (prctl(2),
/// PR_SET_TIMERSLACK, which is a property of the sleeping thread). Linux only.</summary>
internal sealed class KernelPause : IPause
{
    private const int SetTimerSlack = 29;
    private const int NonBlockingCloseOnExec = 0x800 | 0x80000;
    private const short Readable = 1;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long LongestNanoseconds = 3600 * NanosecondsPerSecond;

    private readonly TimeProvider _time;
    private readonly int _event;
    private readonly byte[] _count = new byte[sizeof(ulong)];
    private bool _slackSet;

    public KernelPause(TimeProvider time)
    {
        _time = time;
        _event = EventDescriptor(0, NonBlockingCloseOnExec);
        if (_event < 0)
            throw new IOException($"No event descriptor: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    public void Until(long timestamp)
    {
        if (!_slackSet)
            _slackSet = Prctl(SetTimerSlack, 1, 0, 0, 0) == 0;
        var nanoseconds = timestamp == Pacer.Never
            ? LongestNanoseconds
            : Math.Clamp(Nanoseconds(timestamp - _time.GetTimestamp()), 0, LongestNanoseconds);
        var poll = new PollDescriptor { Descriptor = _event, Events = Readable };
        var limit = new TimeSpec
        {
            Seconds = (nint)(nanoseconds / NanosecondsPerSecond),
            Nanoseconds = (nint)(nanoseconds % NanosecondsPerSecond),
        };
        if (PollPrecisely(ref poll, 1, ref limit, 0) > 0)
            _ = Read(_event, _count, (nuint)_count.Length);
    }

    public void Wake() => _ = Write(_event, [1, 0, 0, 0, 0, 0, 0, 0], sizeof(ulong));

    public void Dispose() => _ = Close(_event);

    private long Nanoseconds(long ticks)
        => _time.TimestampFrequency == NanosecondsPerSecond
            ? ticks
            : (long)((double)ticks / _time.TimestampFrequency * NanosecondsPerSecond);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    [DllImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static extern int EventDescriptor(uint initial, int flags);

    [DllImport("libc", EntryPoint = "ppoll")]
    private static extern int PollPrecisely(ref PollDescriptor descriptors, nuint count, ref TimeSpec limit, nint mask);

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int Prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [DllImport("libc", EntryPoint = "read")]
    private static extern nint Read(int descriptor, byte[] buffer, nuint count);

    [DllImport("libc", EntryPoint = "write")]
    private static extern nint Write(int descriptor, byte[] buffer, nuint count);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);
}
