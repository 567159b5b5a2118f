using System.Collections.Immutable;

namespace Pelago.Region;

/// <summary>The services that should run here, as the region's resources say. Immutable snapshots, one atomic swap;
/// whoever acts on them waits for the next change.</summary>
internal sealed class ServiceCatalog
{
    private readonly Lock _gate = new();
    private Snapshot _current = new([], IsComplete: false);
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>The services, and whether all resources have been read.</summary>
    public sealed record Snapshot(ImmutableArray<DesiredService> Services, bool IsComplete);

    public Snapshot Current
    {
        get
        {
            lock (_gate)
                return _current;
        }
    }

    /// <summary>Completes with the next change after this call.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
                return _changed.Task;
        }
    }

    /// <summary>Replaces the services.</summary>
    public void Replace(IEnumerable<DesiredService> services)
    {
        TaskCompletionSource signal;
        lock (_gate)
        {
            _current = new Snapshot([.. services.OrderBy(s => s.Key, StringComparer.Ordinal)], IsComplete: true);
            (signal, _changed) = (_changed, NewSignal());
        }
        signal.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
