using Pelago.Model;
using System.Text;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>What several regions write without hearing of each other, and the question whether all replicas come to one
/// state.</summary>
/// <remarks>Replicas run the fold of production, with every event and state through its JSON form. The regions' clocks
/// agree in a first pass; in two more each is a second ahead of the one before, and behind it. Not
/// thread-safe.</remarks>
/// <typeparam name="TState">The state record.</typeparam>
public sealed class ConvergenceCheck<TState> where TState : class, IEntity<TState>
{
    private readonly RoundTrip type = new(EntityType.Of<TState>());
    private readonly EntityType handlers = EntityType.Of<TState>();
    private readonly string id;
    private readonly List<Step> steps = [];
    private readonly List<object> given = [];

    internal ConvergenceCheck(string id) => this.id = id;

    /// <summary>Most sets of events to compare; beyond it the check is a sample.</summary>
    public int MaxSets { get; set; } = 4_096;

    /// <summary>Seed of the sample.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>Events that all regions have seen before.</summary>
    public ConvergenceCheck<TState> Given(params object[] events)
    {
        given.AddRange(events);
        return this;
    }

    /// <summary>What a region does next. May be called again for the same region: what is said is done in
    /// order.</summary>
    public ConvergenceCheck<TState> Region(string name, Action<RegionScript> script)
    {
        script(new RegionScript(name, steps));
        return this;
    }

    /// <summary>Runs it.</summary>
    /// <returns>How many orders were looked at.</returns>
    /// <exception cref="ConvergenceException">Two orders give different states; shows the fewest events with which that
    /// happens.</exception>
    /// <exception cref="TestKitException">A handler fails, or the type does not survive its own JSON.</exception>
    public ConvergenceReport Check()
    {
        if (Find(given, steps, out var report) is not { } divergence)
            return report;
        var (fewest, found) = Shrink(new Scene(given, steps), divergence);
        var text = new StringBuilder($"Replicas of '{type.Name}' with the same events hold different states.\n");
        var all = steps.Count(s => s.Hears is null) + given.Count;
        var left = fewest.Steps.Count(s => s.Hears is null) + fewest.Given.Count;
        text.Append($"The fewest events that show it (of {all} steps {left} are left):\n")
            .Append(Interleaving.Describe(found.First))
            .Append($"  arriving as {Interleaving.Show(found.First)}: {Encoding.UTF8.GetString(found.FirstState)}\n")
            .Append($"  arriving as {Interleaving.Show(found.Second)}: {Encoding.UTF8.GetString(found.SecondState)}\n")
            .Append("Concurrent events must have the same effect in either order: decide by what the event says of ")
            .Append("itself (its stamp, its dot, what its author had seen), never by what arrived first; or merge ")
            .Append("the type as Ordered.");
        throw new ConvergenceException(text.ToString(), found);
    }

    // With equal clocks, and with each region's ahead of the one before or behind it: handlers may look at stamps.
    private Divergence? Find(IReadOnlyList<object> before, IReadOnlyList<Step> script, out ConvergenceReport report)
    {
        Divergence? found = null;
        report = new ConvergenceReport(0, 0, 0, false);
        foreach (var skew in new[] { 0, 1_000, -1_000 })
        {
            found = new EventLattice(type, id, Written(before, script, skew)).Find(MaxSets, Seed, out report);
            if (found is not null)
                break;
        }
        return found;
    }

    // One step less at a time, the last ones first, until every one that is left is needed.
    private (Scene Scene, Divergence Found) Shrink(Scene scene, Divergence found)
    {
        for (var i = scene.Count - 1; i >= 0; i--)
        {
            var smaller = scene.Without(i);
            if (Try(smaller) is { } still)
                (scene, found, i) = (smaller, still, smaller.Count);
        }
        return (scene, found);

        Divergence? Try(Scene smaller)
        {
            try
            {
                return Find(smaller.Given, smaller.Steps, out _);
            }
            catch (Exception) // a handler that fails without the step that was left out: not what is looked for
            {
                return null;
            }
        }
    }

    // What the regions write: each on what it has seen.
    private List<EventRecord[]> Written(IReadOnlyList<object> before, IReadOnlyList<Step> script, int skew)
    {
        const long Start = 1_000_000_000_000;
        var replicas = new Dictionary<string, Replica>(StringComparer.Ordinal);
        var known = new Dictionary<string, List<EventRecord[]>>(StringComparer.Ordinal);
        var written = new List<EventRecord[]>();
        var common = new List<EventRecord[]>();
        var past = new Replica(type, id, "before");
        foreach (var e in before)
            common.Add(past.Write([e], Start));
        foreach (var step in script)
        {
            var replica = Of(step.Region);
            if (step.Hears is { } other)
            {
                _ = Of(other);
                foreach (var batch in known[other].Where(b => !known[step.Region].Contains(b)).ToArray())
                {
                    replica.Take(batch);
                    known[step.Region].Add(batch);
                }
                continue;
            }
            if ((step.Command is null ? step.Events : Decide(replica, step)) is not { Count: > 0 } events)
                continue;
            // As many milliseconds as it has events, so that regions write at equal times as well.
            var clock = Start + 1_000_000 + (long)replica.Count + skew * replicas.Keys.ToList().IndexOf(step.Region);
            var batchWritten = replica.Write(events, clock);
            _ = replica.State;
            known[step.Region].Add(batchWritten);
            written.Add(batchWritten);
        }
        return [.. common, .. written];

        Replica Of(string region)
        {
            if (replicas.TryGetValue(region, out var replica))
                return replica;
            replicas.Add(region, replica = new Replica(type, id, region));
            known.Add(region, [.. common]);
            foreach (var batch in common)
                replica.Take(batch);
            return replica;
        }
    }

    private IReadOnlyList<object> Decide(Replica replica, Step step)
    {
        var handle = handlers.Handler(step.Command!.GetType())
            ?? throw new TestKitException($"'{type.Name}' has no handler for {step.Command.GetType().Name}.");
        var regions = steps.Select(s => s.Region).Distinct().ToArray();
        var decision = handle(replica.State, step.Command,
            new CommandContext(id, step.Region, regions, 1_000_000_000_010, replica.Count)
            {
                Sealing = new TestSubjects().For(
                    new EntityKey(type.Name, id), replica.Origin, replica.Seen[replica.Origin] + 1),
            });
        return decision.Rejection is null ? decision.Events : [];
    }

    private sealed record Scene(IReadOnlyList<object> Given, IReadOnlyList<Step> Steps)
    {
        public int Count => Given.Count + Steps.Count;

        public Scene Without(int index) => index < Given.Count
            ? this with { Given = [.. Given.Where((_, i) => i != index)] }
            : this with { Steps = [.. Steps.Where((_, i) => i != index - Given.Count)] };
    }
}
