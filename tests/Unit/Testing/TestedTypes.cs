using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Testing;

/// <summary>A handler of one's own that keeps what arrived last: wrong.</summary>
internal sealed record LastArrived(string Value) : IEntity<LastArrived>
{
    public static void Define(EntityDefinition<LastArrived> entity) => entity
        .Named("last-arrived").Merge(MergeStrategy.Custom)
        .State(_ => new LastArrived(""), TestedJson.Default.LastArrived)
        .Event("written", TestedJson.Default.Written, (_, e) => new LastArrived(e.Value))
        .Event("noted", TestedJson.Default.Noted, (state, _) => state)
        .Command<Write, string>(TestedJson.Default.String, (_, command, _) => Effect
            .Persist(new Written(command.Value)).ThenReply<LastArrived, string>(after => after.Value));
}

/// <summary>The same, right: of concurrent writes the greater value, told apart by what the author had seen.</summary>
internal sealed record Greatest(ImmutableSortedDictionary<string, Dot> Values) : IEntity<Greatest>
{
    public static void Define(EntityDefinition<Greatest> entity) => entity
        .Named("greatest").Merge(MergeStrategy.Custom)
        .State(_ => new Greatest(ImmutableSortedDictionary<string, Dot>.Empty), TestedJson.Default.Greatest)
        .Event("written", 1, TestedJson.Default.Written, (state, e, context) => Folded.To(new Greatest(
            state.Values.RemoveRange(state.Values.Where(v => context.HasSeen(v.Value)).Select(v => v.Key))
                .SetItem(e.Value, context.Dot))));

    [JsonIgnore]
    public string Value => Values.IsEmpty ? "" : Values.Keys.Last();
}

/// <summary>Notes whether something concurrent came before: a local fact, which differs between regions.</summary>
internal sealed record Surprised(int Times) : IEntity<Surprised>
{
    public static void Define(EntityDefinition<Surprised> entity) => entity
        .Named("surprised").Merge(MergeStrategy.Custom)
        .State(_ => new Surprised(0), TestedJson.Default.Surprised)
        .Event("written", 1, TestedJson.Default.Written, (state, e, context) => Folded.To(
            e.Value == "x" && context.ConcurrentWith.Count > 0 ? new Surprised(state.Times + 1) : state));
}

/// <summary>The greater value of equal times; otherwise what arrived last: wrong when clocks differ.</summary>
internal sealed record WhenClocksAgree(string Value, ulong Time) : IEntity<WhenClocksAgree>
{
    public static void Define(EntityDefinition<WhenClocksAgree> entity) => entity
        .Named("when-clocks-agree").Merge(MergeStrategy.Custom)
        .State(_ => new WhenClocksAgree("", 0), TestedJson.Default.WhenClocksAgree)
        .Event("written", 1, TestedJson.Default.Written, (state, e, context) => Folded.To(
            context.Timestamp.Value == state.Time && string.CompareOrdinal(e.Value, state.Value) < 0 ? state
                : new WhenClocksAgree(e.Value, context.Timestamp.Value)));
}

/// <summary>Loses what its JSON does not show.</summary>
internal sealed record Forgetful(int Sum) : IEntity<Forgetful>
{
    [JsonIgnore]
    public int Hidden { get; init; }

    public static void Define(EntityDefinition<Forgetful> entity) => entity
        .Named("forgetful").Merge(MergeStrategy.Ordered)
        .State(_ => new Forgetful(0), TestedJson.Default.Forgetful)
        .Event("written", TestedJson.Default.Written, (state, e) => new Forgetful(state.Sum + state.Hidden)
        {
            Hidden = e.Value.Length,
        });
}

/// <summary>Reads another state than it writes.</summary>
internal sealed record Lossy : IEntity<Lossy>
{
    [JsonConstructor]
    public Lossy(int reads) => Reads = reads + 1;

    public int Reads { get; }

    public static void Define(EntityDefinition<Lossy> entity) => entity
        .Named("lossy").Merge(MergeStrategy.Ordered)
        .State(_ => new Lossy(0), TestedJson.Default.Lossy)
        .Event("written", TestedJson.Default.Lossy, (state, _) => state);
}

/// <summary>A till: money in and out, never below zero.</summary>
internal sealed record Till(long Money) : IEntity<Till>
{
    public static void Define(EntityDefinition<Till> entity) => entity
        .Named("till").Merge(MergeStrategy.Ordered)
        .State(_ => new Till(0), TestedJson.Default.Till)
        .Event("paid", 1, TestedJson.Default.Paid, (till, e, _) => till.Money + e.Amount < 0
            ? Folded.Refuse("not enough money") : Folded.To(new Till(till.Money + e.Amount)))
        .Command<Pay, long>(TestedJson.Default.Int64, (till, pay, _) => till.Money + pay.Amount < 0 && !pay.Careless
            ? Effect.Reject(ErrorCodes.InvalidField, "Not enough money.")
            : Effect.Persist(new Paid(pay.Amount)).ThenReply<Till, long>(after => after.Money));
}

/// <summary>Counts how often its handler was called, which is not in its events: wrong.</summary>
internal sealed record Counting(int Calls) : IEntity<Counting>
{
    private static int calls;

    public static void Define(EntityDefinition<Counting> entity) => entity
        .Named("counting").Merge(MergeStrategy.Ordered)
        .State(_ => new Counting(0), TestedJson.Default.Counting)
        .Event("written", TestedJson.Default.Written, (_, _) => new Counting(Interlocked.Increment(ref calls)))
        .Command<Write, string>(TestedJson.Default.String, (_, command, _) => Effect
            .Persist(new Written(command.Value)).ThenReply<Counting, string>(_ => "done"));
}

/// <summary>Throws in its command handler, in its event handler or in a reply, as it is told.</summary>
internal sealed record Breaking(string Value) : IEntity<Breaking>
{
    public static void Define(EntityDefinition<Breaking> entity) => entity
        .Named("breaking").Merge(MergeStrategy.Ordered)
        .State(_ => new Breaking(""), TestedJson.Default.Breaking)
        .Event("written", TestedJson.Default.Written, (_, e) => e.Value == "event"
            ? throw new InvalidTimeZoneException("the event's own fault") : new Breaking(e.Value))
        .Command<Write, string>(TestedJson.Default.String, (_, command, _) => command.Value == "command"
            ? throw new InvalidTimeZoneException("the command's own fault")
            : Effect.Persist(new Written(command.Value)).ThenReply<Breaking, string>(after => after.Value));
}

internal sealed record Write(string Value) : ICommand<string>;

internal sealed record Pay(long Amount, bool Careless = false) : ICommand<long>;

internal sealed record Paid(long Amount);

internal sealed record Written(string Value);

internal sealed record Noted(string Value);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(LastArrived))]
[JsonSerializable(typeof(Greatest))]
[JsonSerializable(typeof(Surprised))]
[JsonSerializable(typeof(WhenClocksAgree))]
[JsonSerializable(typeof(Forgetful))]
[JsonSerializable(typeof(Lossy))]
[JsonSerializable(typeof(Till))]
[JsonSerializable(typeof(Paid))]
[JsonSerializable(typeof(Written))]
[JsonSerializable(typeof(Noted))]
[JsonSerializable(typeof(Counting))]
[JsonSerializable(typeof(Breaking))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(string))]
internal sealed partial class TestedJson : JsonSerializerContext;
