using Pelago.Client;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>What a probe of the journal's store showed.</summary>
/// <param name="Trouble">Why it cannot be written, one sentence, or null.</param>
/// <param name="Flush">How long writing 4 KiB to the disk took; null when it failed.</param>
internal sealed record JournalProbeResult(string? Trouble, TimeSpan? Flush)
{
    /// <summary>What writes the journal, and its version; empty when it did not say.</summary>
    public string Engine { get; init; } = "";
}

/// <summary>Writes where the region's journal is and waits until it is on the disk: a disk that is full, read-only or
/// stuck, or a server that is away, shows before a user's write meets it. Many who ask share one probe.</summary>
/// <param name="write">Writes 4 KiB; never fails.</param>
/// <param name="clock">Clock.</param>
internal sealed class JournalProbe(Func<Task<JournalProbeResult>> write, TimeProvider clock) : IDisposable
{
    private const int ProbeBytes = 4096;

    /// <summary>How long a result is good for.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(2);

    /// <summary>A store that takes longer counts as one that cannot be written.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1);
    private Task<JournalProbeResult>? _running;
    private JournalProbeResult? _last;
    private long _lastAt;

    /// <summary>A probe of the disk beneath a directory.</summary>
    public static JournalProbe OfDisk(string directory, TimeProvider clock)
        => new(() => Task.Run(() => Write(directory, clock), CancellationToken.None), clock);

    /// <summary>The present result; probes when the last one is old.</summary>
    public async Task<JournalProbeResult> CheckAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_last is { } last && clock.GetElapsedTime(_lastAt) < FreshFor)
                return last;
            // A write that is held up is not begun a second time: its thread, or session, is lost until it returns.
            _running ??= write();
            try
            {
                _last = await _running.WaitAsync(Deadline, clock, cancellationToken);
                _running = null;
            }
            catch (TimeoutException)
            {
                _last = new JournalProbeResult(
                    $"The journal's store has not taken 4 KiB within {Deadline.TotalSeconds:0} s.", null);
            }
            _lastAt = clock.GetTimestamp();
            return _last;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private static JournalProbeResult Write(string directory, TimeProvider clock)
    {
        try
        {
            var started = clock.GetTimestamp();
            PrivateFile.Write(Path.Combine(directory, "probe"), new byte[ProbeBytes]);
            return new JournalProbeResult(null, clock.GetElapsedTime(started))
            {
                Engine = $"SQLite {SqliteLibrary.Version}",
            };
        }
        catch (PelagoException e)
        {
            return new JournalProbeResult(e.Failure.Message, null);
        }
    }
}
