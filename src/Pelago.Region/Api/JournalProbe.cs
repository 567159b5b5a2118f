using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>What a probe of the journal's disk showed.</summary>
/// <param name="Trouble">Why it cannot be written, one sentence, or null.</param>
/// <param name="Flush">How long writing 4 KiB to the disk took; null when it failed.</param>
internal sealed record JournalProbeResult(string? Trouble, TimeSpan? Flush);

/// <summary>Writes to the directory of the region's journal and waits until it is on the disk: a disk that is full,
/// read-only or stuck shows before a user's write meets it. Many who ask share one probe.</summary>
internal sealed class JournalProbe(string directory, TimeProvider clock) : IDisposable
{
    private const int ProbeBytes = 4096;

    /// <summary>How long a result is good for.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(2);

    /// <summary>A disk that takes longer counts as one that cannot be written.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _turn = new(1);
    private Task<JournalProbeResult>? _running;
    private JournalProbeResult? _last;
    private long _lastAt;

    /// <summary>The present result; probes when the last one is old.</summary>
    public async Task<JournalProbeResult> CheckAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_last is { } last && clock.GetElapsedTime(_lastAt) < FreshFor)
                return last;
            // A write that the disk holds up is not begun a second time: its thread is lost until it returns.
            _running ??= Task.Run(Write, CancellationToken.None);
            try
            {
                _last = await _running.WaitAsync(Deadline, clock, cancellationToken);
                _running = null;
            }
            catch (TimeoutException)
            {
                _last = new JournalProbeResult(
                    $"The journal's disk has not taken 4 KiB within {Deadline.TotalSeconds:0} s.", null);
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

    private JournalProbeResult Write()
    {
        try
        {
            var started = clock.GetTimestamp();
            PrivateFile.Write(Path.Combine(directory, "probe"), new byte[ProbeBytes]);
            return new JournalProbeResult(null, clock.GetElapsedTime(started));
        }
        catch (PelagoException e)
        {
            return new JournalProbeResult(e.Failure.Message, null);
        }
    }
}
