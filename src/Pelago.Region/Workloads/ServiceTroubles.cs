using System.Collections.Immutable;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Why a service does not run here.</summary>
/// <param name="Message">One sentence.</param>
/// <param name="Said">The same as an error with code and next step; null when nobody said one.</param>
/// <param name="Revision">Revision whose instance ended; null for what keeps any instance from being started.</param>
internal sealed record ServiceTrouble(string Message, TroubleView? Said, string? Revision)
{
    /// <summary>What kept it from being fetched or started.</summary>
    public static ServiceTrouble Of(Failure failure) => new(failure.ToString(), TroubleView.Of(failure), null);

    /// <summary>How its instance ended, with what that said last.</summary>
    public static ServiceTrouble Of(InstanceState ended) => new(
        ended.Failure?.ToString() ?? $"Instance {ended.Id} ended; the log of the service says why.", ended.Failure,
        ended.Revision);

    /// <summary>Its instance was ended because it did not answer.</summary>
    /// <param name="ended">The instance; what it said itself counts for more.</param>
    /// <param name="hadAnswered">Whether it had answered before.</param>
    public static ServiceTrouble OfSilent(InstanceState ended, bool hadAnswered)
    {
        var limit = $"on its management port within {(int)Reconciler.UnresponsiveLimit.TotalSeconds} s";
        var failure = hadAnswered
            ? new Failure(ErrorCodes.InstanceSilent, $"Instance {ended.Id} no longer answered {limit} and was ended.",
                "The log of the service may say what held it up.")
            : new Failure(ErrorCodes.InstanceSilent, $"Instance {ended.Id} did not answer {limit} and was ended.",
                "Was it built with AddPelago? If so, the log of the service may say what held it up.");
        return ended.Failure is null ? Of(failure) with { Said = TroubleView.Of(failure), Revision = ended.Revision }
            : Of(ended);
    }
}

/// <summary>What is known of the services that do not run, and when they are started again. One loop writes, anybody
/// reads: immutable snapshots. Forgotten with the region's process.</summary>
internal sealed class ServiceTroubles
{
    // Of one revision each: a build that was mended does not wait because the broken one had failed so often.
    private ImmutableDictionary<string, (string Revision, RestartPolicy Policy)> _restarts
        = ImmutableDictionary<string, (string Revision, RestartPolicy Policy)>.Empty;
    private ImmutableDictionary<string, ServiceTrouble> _troubles = ImmutableDictionary<string, ServiceTrouble>.Empty;

    /// <summary>Services and revisions whose next start has to wait, and until when.</summary>
    public IReadOnlyDictionary<(string Key, string Revision), DateTimeOffset> NotBefore
        => Volatile.Read(ref _restarts).ToDictionary(r => (r.Key, r.Value.Revision), r => r.Value.Policy.NotBefore);

    /// <summary>Why a service does not run; null when nothing is known of this revision.</summary>
    public ServiceTrouble? Of(DesiredService service)
        => Volatile.Read(ref _troubles).GetValueOrDefault(service.Key) is { } trouble
            && (trouble.Revision is null || trouble.Revision == service.Revision) ? trouble : null;

    /// <summary>Early ends of this revision of a service, or null.</summary>
    public RestartView? RestartsOf(DesiredService service)
        => Policy(service.Key, service.Revision) is { EarlyEnds: > 0 } policy
            ? new RestartView(policy.EarlyEnds, policy.NotBefore) : null;

    /// <summary>It ended by itself, or could not even be started.</summary>
    /// <returns>When it may be started again.</returns>
    public DateTimeOffset Ended(
        DesiredService service, DateTimeOffset startedAt, DateTimeOffset now, ServiceTrouble why)
    {
        var (key, revision) = (service.Key, service.Revision);
        var next = Policy(key, revision).Ended(startedAt, now);
        ImmutableInterlocked.Update(ref _restarts, (all, policy) => all.SetItem(key, (revision, policy)), next);
        Note(key, why);
        return next.NotBefore;
    }

    /// <summary>It was stopped on purpose: the next start need not wait.</summary>
    public void Stopped(string key) => ImmutableInterlocked.TryRemove(ref _restarts, key, out _);

    /// <summary>It was started: what had kept it from that is over, why the last instance ended may not be.</summary>
    public void Started(string key) => ImmutableInterlocked.Update(ref _troubles, all
        => all.TryGetValue(key, out var trouble) && trouble.Revision is null ? all.Remove(key) : all);

    /// <summary>It is ready: nothing is wrong with it any more.</summary>
    public void Ready(string key) => ImmutableInterlocked.TryRemove(ref _troubles, key, out _);

    /// <summary>Something keeps it from being started.</summary>
    public void Note(string key, ServiceTrouble trouble)
        => ImmutableInterlocked.Update(ref _troubles, (all, one) => all.SetItem(key, one), trouble);

    private RestartPolicy Policy(string key, string revision)
        => Volatile.Read(ref _restarts).TryGetValue(key, out var known) && known.Revision == revision
            ? known.Policy : RestartPolicy.None;
}
