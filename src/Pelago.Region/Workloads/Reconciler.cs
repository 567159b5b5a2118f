using Pelago.Model;

namespace Pelago.Region;

/// <summary>A service that should run here.</summary>
/// <param name="Project">Its project.</param>
/// <param name="Service">Its name.</param>
/// <param name="Spec">What it should be.</param>
/// <param name="Revision">Differs whenever an instance would have to be replaced.</param>
internal sealed record DesiredService(string Project, string Service, ServiceSpec Spec, string Revision)
{
    public string Key => $"{Project}/{Service}";

    /// <summary>Generation of the resource.</summary>
    public long Generation { get; init; }

    /// <summary>The group's regions when it was created; null for those with which the group began.</summary>
    public IReadOnlyList<string>? Founders { get; init; }

    /// <summary>Epoch of the group then.</summary>
    public ulong? FoundedIn { get; init; }
}

/// <summary>An instance as it is found.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Key">Project and service.</param>
/// <param name="Revision">Revision that it was started for.</param>
/// <param name="Alive">Whether its process lives.</param>
/// <param name="Stopping">Whether it has been told to stop.</param>
/// <param name="Unresponsive">How long it has not answered, zero when it answers.</param>
internal sealed record ObservedInstance(
    string Id, string Key, string Revision, bool Alive, bool Stopping, TimeSpan Unresponsive);

/// <summary>Everything a decision is made of.</summary>
/// <param name="Desired">Services that should run.</param>
/// <param name="DesiredIsComplete">False until the region has read its resources: nothing is stopped on an unread
/// list.</param>
/// <param name="Instances">What there is.</param>
/// <param name="Installed">Digests of the programs that can be started.</param>
/// <param name="NotBefore">Services and revisions whose next start has to wait, and until when.</param>
/// <param name="Now">Now.</param>
internal sealed record ReconcilerInput(
    IReadOnlyList<DesiredService> Desired,
    bool DesiredIsComplete,
    IReadOnlyList<ObservedInstance> Instances,
    IReadOnlySet<string> Installed,
    IReadOnlyDictionary<(string Key, string Revision), DateTimeOffset> NotBefore,
    DateTimeOffset Now);

/// <summary>Something to do.</summary>
internal abstract record WorkloadAction
{
    private WorkloadAction()
    {
    }

    /// <summary>Get and unpack the program of a service.</summary>
    public sealed record Install(string Digest) : WorkloadAction;

    /// <summary>Start an instance.</summary>
    public sealed record Start(DesiredService Service) : WorkloadAction;

    /// <summary>Tell an instance to end, and end it when it does not.</summary>
    public sealed record Stop(string Id, string Reason) : WorkloadAction;

    /// <summary>End an instance that does not answer.</summary>
    public sealed record Kill(string Id) : WorkloadAction;

    /// <summary>Note that an instance has ended.</summary>
    public sealed record Forget(string Id) : WorkloadAction;
}

/// <summary>Decides what to do so that what runs becomes what should run. Pure: the same input gives the same actions,
/// and doing them twice does nothing more.</summary>
/// <remarks>An instance owns its service's journal, so a replacement starts only when the old process has ended
/// (stop before start). One service's trouble does not hold up another: every rule looks at one service.</remarks>
internal static class Reconciler
{
    /// <summary>An instance that has not answered for so long is ended.</summary>
    public static readonly TimeSpan UnresponsiveLimit = TimeSpan.FromSeconds(30);

    public static IReadOnlyList<WorkloadAction> Decide(ReconcilerInput input)
    {
        var actions = new List<WorkloadAction>();
        var desired = input.Desired.ToDictionary(d => d.Key, StringComparer.Ordinal);
        foreach (var instance in input.Instances)
            DecideInstance(input, instance, desired.GetValueOrDefault(instance.Key), actions);
        foreach (var service in input.Desired)
            DecideService(input, service, actions);
        return actions;
    }

    private static void DecideInstance(
        ReconcilerInput input, ObservedInstance instance, DesiredService? service, List<WorkloadAction> actions)
    {
        if (!instance.Alive)
            actions.Add(new WorkloadAction.Forget(instance.Id));
        else if (instance.Stopping)
            return;
        else if (service is null && input.DesiredIsComplete)
            actions.Add(new WorkloadAction.Stop(instance.Id, "its service is gone"));
        else if (service is not null && service.Revision != instance.Revision
            && input.Installed.Contains(service.Spec.Artifact))
            actions.Add(new WorkloadAction.Stop(instance.Id, "its service has changed"));
        else if (instance.Unresponsive >= UnresponsiveLimit)
            actions.Add(new WorkloadAction.Kill(instance.Id));
    }

    private static void DecideService(ReconcilerInput input, DesiredService service, List<WorkloadAction> actions)
    {
        if (!input.Installed.Contains(service.Spec.Artifact))
        {
            actions.Add(new WorkloadAction.Install(service.Spec.Artifact));
            return; // a running instance of an older revision stays until the new program is there
        }
        var waits = input.NotBefore.TryGetValue((service.Key, service.Revision), out var notBefore)
            && notBefore > input.Now;
        if (!waits && !input.Instances.Any(i => i.Key == service.Key))
            actions.Add(new WorkloadAction.Start(service));
    }
}
