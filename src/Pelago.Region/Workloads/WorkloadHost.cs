using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Gets the programs that a region lacks.</summary>
internal interface IArtifactSource
{
    /// <summary>Brings an artifact into this region's store.</summary>
    /// <exception cref="PelagoException">Nobody who can be reached has it.</exception>
    Task FetchAsync(string digest, CancellationToken cancellationToken);
}

/// <summary>Makes the reconciler's decisions happen. One loop looks, decides and acts; what takes long (fetching,
/// stopping) runs beside it, at most once a thing. When the loop ends the instances go on: they are adopted by the next
/// process.</summary>
internal sealed class WorkloadHost(
    ServiceCatalog catalog, InstanceTable table, ProgramStore programs, InstanceStarter starter, InstanceProbe probe,
    IArtifactSource source, TimeProvider clock, ILogger log)
{
    /// <summary>Time that an instance gets to end by itself.</summary>
    public static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan FetchRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SaveRetry = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Task> _underWay = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _fetchNotBefore = new(StringComparer.Ordinal);

    // Ended because they did not answer, and whether they ever had; the loop alone uses it.
    private readonly Dictionary<string, bool> _silent = new(StringComparer.Ordinal);

    private Failure? _unsaved;
    private long _settledAt;

    /// <summary>Called after a turn in which services, instances or their readiness changed.</summary>
    public Func<CancellationToken, Task>? Changed { get; set; }

    /// <summary>Why services do not run, and when they are started again.</summary>
    public ServiceTroubles Troubles { get; } = new();

    /// <summary>Runs until cancelled; instances stay.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var (before, servicesBefore) = ("", catalog.Current);
        while (!cancellationToken.IsCancellationRequested)
        {
            var (changed, services) = (catalog.Changed, catalog.Current);
            await TurnAsync(cancellationToken);
            var now = string.Join(' ', table.Instances.Values.Select(i => $"{i.Id}:{probe.Of(i.Id)?.Ready == true}"));
            // After a cold start the instances that were adopted are ready before the services have been read again.
            if ((now != before || services != servicesBefore) && Changed is not null)
                await Changed(cancellationToken);
            (before, servicesBefore) = (now, services);
            await Task.WhenAny(changed, Task.Delay(Pace, clock, cancellationToken));
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>One turn: 1. look, 2. decide, 3. act.</summary>
    internal async Task TurnAsync(CancellationToken cancellationToken)
    {
        // 1.
        var snapshot = catalog.Current;
        var instances = table.Instances.Values.ToImmutableArray();
        await Task.WhenAll(instances.Where(i => i.Process.IsAlive).Select(i => probe.ProbeAsync(i, cancellationToken)));
        var now = clock.GetUtcNow();
        var input = new ReconcilerInput(snapshot.Services, snapshot.IsComplete,
            [.. instances.Select(i => Observe(i, now))],
            snapshot.Services.Select(s => s.Spec.Artifact).Where(d => programs.Find(d) is not null)
                .ToHashSet(StringComparer.Ordinal),
            Troubles.NotBefore, now);
        foreach (var service in snapshot.Services.Where(s => instances.Any(i
            => i.Key == s.Key && i.Revision == s.Revision && probe.Of(i.Id)?.Ready == true)))
            Troubles.Ready(service.Key);

        // 2. and 3.
        foreach (var action in Reconciler.Decide(input))
            Act(action, snapshot, cancellationToken);
        Settle();
    }

    /// <summary>Writes what the disk did not take before, and says once that it does not, and once that it
    /// does.</summary>
    private void Settle()
    {
        if (_unsaved is not null && clock.GetElapsedTime(_settledAt) >= SaveRetry)
        {
            table.Settle();
            _settledAt = clock.GetTimestamp();
        }
        var now = table.Unsaved;
        if (now == _unsaved)
            return;
        if (now is null)
            Log.WorkloadsSaved(log);
        else
            Log.WorkloadsNotSaved(log, now.ToString());
        (_unsaved, _settledAt) = (now, clock.GetTimestamp());
    }

    private ObservedInstance Observe(InstanceState instance, DateTimeOffset now)
        => new(instance.Id, instance.Key, instance.Revision, instance.Process.IsAlive,
            _underWay.ContainsKey(instance.Id),
            probe.Of(instance.Id) is { } result ? now - result.LastAnswer : TimeSpan.Zero);

    private void Act(WorkloadAction action, ServiceCatalog.Snapshot snapshot, CancellationToken cancellationToken)
    {
        switch (action)
        {
            case WorkloadAction.Install install:
                Beside(install.Digest, () => InstallAsync(install.Digest, snapshot, cancellationToken));
                break;
            case WorkloadAction.Start start:
                Start(start.Service);
                break;
            case WorkloadAction.Stop stop when table.Instances.TryGetValue(stop.Id, out var instance):
                Log.Stopping(log, stop.Id, instance.Key, stop.Reason);
                Beside(stop.Id, () => instance.Process.StopAsync(StopGrace, clock, cancellationToken));
                break;
            case WorkloadAction.Kill kill when table.Instances.TryGetValue(kill.Id, out var instance):
                Log.Killing(log, kill.Id, instance.Key);
                _silent[kill.Id] = probe.Of(kill.Id)?.Answered == true;
                instance.Process.Kill();
                break;
            case WorkloadAction.Forget forget when table.Instances.TryGetValue(forget.Id, out var instance):
                Forget(instance, snapshot);
                break;
        }
    }

    private void Start(DesiredService service)
    {
        try
        {
            var instance = starter.Start(service);
            Log.Started(log, instance.Id, service.Key, instance.Process.Pid);
            Troubles.Started(service.Key);
        }
        catch (PelagoException e)
        {
            Log.NotStarted(log, service.Key, e.Failure.ToString());
            var now = clock.GetUtcNow();
            Troubles.Ended(service, now, now, ServiceTrouble.Of(e.Failure));
        }
    }

    private void Forget(InstanceState instance, ServiceCatalog.Snapshot snapshot)
    {
        table.Remove(instance.Id);
        probe.Forget(instance.Id);
        var wasSilent = _silent.Remove(instance.Id, out var hadAnswered);
        var service = snapshot.Services.FirstOrDefault(s => s.Key == instance.Key);
        if (service is null || service.Revision != instance.Revision)
        {
            Troubles.Stopped(instance.Key);
            return;
        }
        var now = clock.GetUtcNow();
        // A life without an answer is no life, however long the patience was: it counts as an early end.
        var next = Troubles.Ended(service, wasSilent && !hadAnswered ? now : instance.StartedAt, now,
            wasSilent ? ServiceTrouble.OfSilent(instance, hadAnswered) : ServiceTrouble.Of(instance));
        var how = ProcessEnds.Take(instance.Process.Pid)?.ToString() ?? "as an adopted process, so nobody saw how";
        Log.Ended(log, instance.Id, instance.Key, how, (next - now).TotalSeconds);
    }

    private async Task InstallAsync(string digest, ServiceCatalog.Snapshot snapshot,
        CancellationToken cancellationToken)
    {
        if (_fetchNotBefore.TryGetValue(digest, out var notBefore) && notBefore > clock.GetUtcNow())
            return;
        var services = snapshot.Services.Where(s => s.Spec.Artifact == digest).ToArray();
        try
        {
            await source.FetchAsync(digest, cancellationToken);
            await programs.InstallAsync(digest, cancellationToken);
            foreach (var service in services)
                Troubles.Started(service.Key);
            Log.Installed(log, digest);
        }
        catch (Exception e) when (e is PelagoException or IOException or UnauthorizedAccessException)
        {
            _fetchNotBefore[digest] = clock.GetUtcNow() + FetchRetry;
            var why = ServiceTrouble.Of((e as PelagoException)?.Failure
                ?? PrivateFile.NotWritten(programs.PathOf(digest), e));
            if (services.Any(service => Troubles.Of(service) != why))
                Log.NotInstalled(log, digest, why.Message);
            foreach (var service in services)
                Troubles.Note(service.Key, why);
        }
    }

    private void Beside(string key, Func<Task> work)
    {
        if (_underWay.ContainsKey(key))
            return;
        _underWay[key] = Task.CompletedTask; // this loop alone adds, so that nothing begins twice
        _ = RunAsync();

        async Task RunAsync()
        {
            try
            {
                await work();
            }
            catch (Exception e)
            {
                if (e is not OperationCanceledException)
                    Log.WorkFailed(log, key, e);
            }
            finally
            {
                _underWay.TryRemove(key, out _);
            }
        }
    }
}
