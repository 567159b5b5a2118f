using System.Text.Json;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>One entity in a unit test: given events, when a command, then events, reply and state.</summary>
/// <remarks>Runs the handlers through the fold of production. Events, replies and states go through their JSON form.
/// Not thread-safe.</remarks>
/// <example><code>
/// var cart = new EntityTest&lt;Cart&gt;("c1").Given(new ItemAdded("moby-dick", 1));
/// var result = cart.When(new RemoveItem("moby-dick"));
/// Assert.Equal([new ItemRemoved("moby-dick")], result.Events);
/// </code></example>
/// <typeparam name="TState">The state record.</typeparam>
public sealed class EntityTest<TState> where TState : class, IEntity<TState>
{
    private readonly EntityType type = EntityType.Of<TState>();
    private readonly string id;
    private readonly string region;
    private readonly List<string> regions;
    private readonly Dictionary<string, Replica> authors = new(StringComparer.Ordinal);
    private readonly List<EventRecord> history = [];

    /// <summary>An entity without events.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="region">The region in which commands run.</param>
    public EntityTest(string id = "test", string region = "here")
        => (this.id, this.region, regions) = (id, region, [region]);

    /// <summary>Keys of the subjects whose personal members are sealed and opened here.</summary>
    public TestSubjects Subjects { get; } = new();

    /// <summary>The author's clock in milliseconds since 1970; never moves by itself.</summary>
    public long NowMilliseconds { get; set; } = 1_000_000_000_000;

    /// <summary>The present state, as it is after a restart.</summary>
    public TState State => (TState)Author(region).State;

    /// <summary>Events that the fold refused, with its reasons, in the total order.</summary>
    public IReadOnlyList<string> Refusals => [.. Author(region).Fold.Tail
        .Where(t => t.Refusal is not null).Select(t => $"{t.Event.PayloadName}: {t.Refusal}")];

    /// <summary>Events that were written here before, one command each.</summary>
    public EntityTest<TState> Given(params object[] events) => GivenFrom(region, events);

    /// <summary>Events that were written in another region, which had seen everything so far.</summary>
    public EntityTest<TState> GivenFrom(string origin, params object[] events)
    {
        var author = Author(origin);
        author.Take(history);
        foreach (var e in events)
            history.AddRange(author.Write([e], NowMilliseconds));
        Author(region).Take(history);
        _ = State;
        return this;
    }

    /// <summary>Runs a command. What it persists is folded into the state, as in production.</summary>
    /// <exception cref="TestKitException">The type has no handler for it, or does not survive its own JSON.</exception>
    /// <exception cref="Exception">Whatever the handler throws.</exception>
    public EntityTestResult<TState, TReply> When<TReply>(ICommand<TReply> command)
    {
        var handle = type.Handler(command.GetType())
            ?? throw new TestKitException($"'{type.Name}' has no handler for {command.GetType().Name}.");
        var here = Author(region);
        var decision = handle(here.State, command, new CommandContext(
            id, region, regions, NowMilliseconds, here.Count) { Sealing = SealingOf(here) });
        if (decision.Rejection is { } rejection)
            return new([], default, rejection, State);
        var from = history.Count;
        history.AddRange(here.Write(decision.Events, NowMilliseconds));
        var state = here.State;
        if (here.Fold.Tail.Skip(from).FirstOrDefault(t => t.Refusal is not null) is { } own)
        {
            throw new TestKitException(
                $"{command.GetType().Name} persists an event that the entity refuses: {own.Refusal}. The command "
                + "handler should reject the command.");
        }
        var events = here.Fold.Tail.Skip(from).Select(t => t.Payload!).ToArray();
        return new(events, Stored((TReply?)decision.Reply(state)), null, (TState)state);
    }

    /// <summary>Asks the state, as a query does that opens personal members.</summary>
    public TAnswer Query<TAnswer>(Func<TState, QueryContext, TAnswer> project)
    {
        ArgumentNullException.ThrowIfNull(project);
        return project(State, new QueryContext(SealingOf(Author(region))));
    }

    private ISealing SealingOf(Replica here)
        => Subjects.For(new EntityKey(type.Name, id), here.Origin, here.Seen[here.Origin] + 1);

    private TReply? Stored<TReply>(TReply? reply)
    {
        if (reply is null || type.ReplyJson(typeof(TReply)) is not { } json)
            return reply;
        return (TReply?)JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(reply, json), json);
    }

    private Replica Author(string name)
    {
        if (authors.TryGetValue(name, out var author))
            return author;
        if (!regions.Contains(name))
            regions.Add(name);
        return authors[name] = new Replica(new RoundTrip(type), id, name);
    }
}

/// <summary>What a command did.</summary>
/// <param name="Events">Events that it persisted, as they are read back; empty when it made none or was
/// refused.</param>
/// <param name="Reply">Its reply; the type's default when it was refused.</param>
/// <param name="Rejection">Why it was refused, or null.</param>
/// <param name="State">The state afterwards.</param>
public sealed record EntityTestResult<TState, TReply>(
    IReadOnlyList<object> Events, TReply? Reply, Failure? Rejection, TState State);
