using System.Diagnostics.CodeAnalysis;

namespace Pelago.Drills;

/// <summary>Something that has work to do at a certain moment. Only the pacer touches
/// <see cref="ScheduledAt"/>.</summary>
internal interface IPaced
{
    /// <summary>The visit that is planned, or <see cref="Pacer.Never"/>.</summary>
    long ScheduledAt { get; set; }

    /// <summary>Does what is due. Runs on the pacer's thread and must not block.</summary>
    /// <returns>When to come back, or <see cref="Pacer.Never"/>.</returns>
    long Deliver(long now);
}

// Precision. A latency benchmark across 34 ms needs deliveries that are right within a fraction of a millisecond,
// thousands of times a second. The runtime's timers count whole milliseconds and fire up to two late; a spinning thread
// is precise but costs one of the few cores of a laptop. So one thread of its own keeps a heap of the next moments of
// all flows and sleeps in the kernel until the earliest, with a nanosecond timeout and the timer slack turned off
// (KernelPause), and it sends by itself, without a hop to the thread pool: sockets are non-blocking, and a flow whose
// receiver is slow finishes its send asynchronously and comes back. What remains is the scheduler's wake-up time, some
// tens of microseconds on an idle machine. A fake clock in tests, and systems other than Linux, use TimerPause.

/// <summary>Visits flows when they are due: one thread for the whole emulator.</summary>
[SuppressMessage("Reliability", "CA2213",
    Justification = "The pause is disposed by the pacer's thread as its last act.")]
internal sealed class Pacer : IDisposable
{
    /// <summary>No moment.</summary>
    public const long Never = long.MaxValue;

    private readonly Lock _gate = new();
    private readonly PriorityQueue<IPaced, long> _visits = new();
    private readonly TimeProvider _time;
    private readonly IPause _pause;
    private readonly Thread _thread;
    private long _asleepUntil;
    private bool _stopped;

    public Pacer(TimeProvider time)
    {
        _time = time;
        _pause = ReferenceEquals(time, TimeProvider.System) && OperatingSystem.IsLinux()
            ? new KernelPause(time)
            : new TimerPause(time);
        _thread = new Thread(Run) { IsBackground = true, Name = "wan-pacer" };
        _thread.Start();
    }

    /// <summary>Plans a visit, unless an earlier one is planned already.</summary>
    public void Schedule(IPaced item, long at)
    {
        lock (_gate)
        {
            if (at >= item.ScheduledAt || _stopped)
                return;
            item.ScheduledAt = at;
            _visits.Enqueue(item, at);
            if (at >= _asleepUntil)
                return;
            _asleepUntil = 0;
            _pause.Wake();
        }
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopped)
                return;
            _stopped = true;
            _pause.Wake();
        }
        _thread.Join();
    }

    private void Run()
    {
        using (_pause)
        {
            while (true)
            {
                var now = _time.GetTimestamp();
                IPaced? item;
                long next;
                lock (_gate)
                {
                    if (_stopped)
                        return;
                    item = NextDue(now, out next);
                    _asleepUntil = item is null ? next : 0;
                }
                if (item is null)
                    _pause.Until(next);
                else if (item.Deliver(now) is var again and not Never)
                    Schedule(item, again);
            }
        }
    }

    private IPaced? NextDue(long now, out long next)
    {
        while (_visits.TryPeek(out var item, out next))
        {
            // A visit that was planned again for an earlier moment leaves its old entry behind.
            if (item.ScheduledAt == next && next > now)
                return null;
            _visits.Dequeue();
            if (item.ScheduledAt != next)
                continue;
            item.ScheduledAt = Never;
            return item;
        }
        next = Never;
        return null;
    }
}
