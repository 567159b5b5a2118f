using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Region;

/// <summary>How a service is in one region, as last heard.</summary>
/// <param name="Region">The region.</param>
/// <param name="State">Its state there.</param>
/// <param name="Message">Why it is not ready, or null.</param>
/// <param name="Generation">Generation that the region acted on.</param>
/// <param name="Artifact">Digest of the program.</param>
/// <param name="ReportedAt">When that region said so.</param>
internal sealed record ServiceReport(
    string Region, string State, string? Message, long Generation, string Artifact, DateTimeOffset ReportedAt);

/// <summary>Tells the other regions how the services are here, and knows how they are there. What is told is an event
/// of this region; a service that keeps falling over must not fill the journals of the whole group, so after
/// <see cref="Burst"/> reports of one service each further one waits for <see cref="Refill"/>.</summary>
internal sealed class ServiceReports(
    EntityRuntime runtime, string region, TimeProvider clock, ILogger log)
{
    /// <summary>Reports of one service that may follow each other at once.</summary>
    public const int Burst = 12;

    /// <summary>Time for which one more report of a service may be made.</summary>
    public static readonly TimeSpan Refill = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);

    private readonly EntityFollower<ServiceReportEntity> _reports = new(
        runtime, ServiceReportEntity.TypeName, clock, log);
    private readonly Dictionary<string, ReportBudget> _budgets = new(StringComparer.Ordinal);

    private volatile bool _isRead;

    /// <summary>Tells that an entity got an event. Never blocks.</summary>
    public void OnAppended(EntityKey key, ulong row) => _reports.OnAppended(key, row);

    /// <summary>Follows the journal until cancelled.</summary>
    public Task FollowAsync(CancellationToken cancellationToken)
        => _reports.FollowAsync(() => _isRead = true, cancellationToken);

    /// <summary>What a region last said of a service; null when it said nothing, or that it does not have it.</summary>
    public ServiceReport? Of(string project, string name, string where)
        => _reports.Find(ServiceReportEntity.IdOf(project, name, where))?.State is { State: { } state } known
            ? new ServiceReport(where, state, known.Message, known.Generation, known.Artifact,
                DateTimeOffset.FromUnixTimeMilliseconds(known.Milliseconds))
            : null;

    /// <summary>Reports what changed, until cancelled.</summary>
    /// <param name="present">How the services are here now, by <c>project/name</c>; null while that is not
    /// known.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task TellAsync(
        Func<ImmutableSortedDictionary<string, ServiceReported>?> present, CancellationToken cancellationToken)
    {
        using var pace = new PeriodicTimer(Pace, clock);
        do
        {
            if (_isRead && runtime.HasJoined && present() is { } services)
                await TellAsync(services, cancellationToken);
        }
        while (await pace.WaitForNextTickAsync(cancellationToken));
    }

    private async Task TellAsync(
        ImmutableSortedDictionary<string, ServiceReported> services, CancellationToken cancellationToken)
    {
        foreach (var (key, report) in services)
            await TellAsync($"{key}/{region}", report, cancellationToken);
        foreach (var own in _reports.Known.Where(IsWithdrawn).ToList())
            await TellAsync(own.Id, new ServiceReported(null, null, own.State.Generation, ""), cancellationToken);

        bool IsWithdrawn(Followed<ServiceReportEntity> known)
            => known.State.State is not null && known.Id.EndsWith("/" + region, StringComparison.Ordinal)
                && !services.ContainsKey(known.Id[..^(region.Length + 1)]);
    }

    private async Task TellAsync(string id, ServiceReported report, CancellationToken cancellationToken)
    {
        if (_reports.Find(id) is { } known && !report.Tells(known.State))
            return;
        if (!_budgets.TryGetValue(id, out var budget))
            _budgets[id] = budget = new ReportBudget(Burst, Refill, clock.GetTimestamp());
        if (!budget.TryTake(clock))
            return; // told later, as it is then
        var reply = await runtime.SendAsync(_reports.Type, id, new ReportService(report), RequestOptions.Default,
            cancellationToken);
        if (reply.Failure is { } failure)
            Log.NotReported(log, id, failure.ToString());
    }
}

/// <summary>A bucket of permissions that fills slowly. Used by one loop.</summary>
internal sealed class ReportBudget(int burst, TimeSpan refill, long started)
{
    private double _left = burst;
    private long _asOf = started;

    public bool TryTake(TimeProvider clock)
    {
        var now = clock.GetTimestamp();
        _left = Math.Min(burst, _left + (clock.GetElapsedTime(_asOf, now) / refill));
        _asOf = now;
        if (_left < 1)
            return false;
        _left--;
        return true;
    }
}
