using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Testing;

/// <summary>Counts who passes; pinned to eu, others forward.</summary>
public sealed record Turnstile(int Passed) : IEntity<Turnstile>
{
    public static void Define(EntityDefinition<Turnstile> entity) => Defined(entity)
        .Named("turnstile").Mode(EntityMode.Pinned("eu"));

    internal static EntityDefinition<Turnstile> Defined(EntityDefinition<Turnstile> entity) => entity
        .Merge(MergeStrategy.Ordered)
        .State(_ => new Turnstile(0), PinnedJson.Default.Turnstile)
        .Event("passed", PinnedJson.Default.SomebodyPassed, (state, _) => new Turnstile(state.Passed + 1))
        .Command<Pass, int>("pass", PinnedJson.Default.Pass, PinnedJson.Default.Int32, (_, pass, _)
            => Effect.Persist(new SomebodyPassed(pass.Who)).ThenReply<Turnstile, int>(s => s.Passed));
}

/// <summary>Pinned to eu, others refuse; its command has no form for another region.</summary>
public sealed record Desk(int Passed) : IEntity<Desk>
{
    public static void Define(EntityDefinition<Desk> entity) => entity
        .Named("desk").Merge(MergeStrategy.Ordered).Mode(EntityMode.Pinned("eu", Elsewhere.Refuse))
        .State(_ => new Desk(0), PinnedJson.Default.Desk)
        .Event("passed", PinnedJson.Default.SomebodyPassed, (state, _) => new Desk(state.Passed + 1))
        .Command<Pass, int>(PinnedJson.Default.Int32, (_, pass, _)
            => Effect.Persist(new SomebodyPassed(pass.Who)).ThenReply<Desk, int>(s => s.Passed));
}

/// <summary>Nobody may write.</summary>
public sealed record Museum(int Passed) : IEntity<Museum>
{
    public static void Define(EntityDefinition<Museum> entity) => entity
        .Named("museum").Merge(MergeStrategy.Ordered).Mode(EntityMode.None)
        .State(_ => new Museum(0), PinnedJson.Default.Museum)
        .Event("passed", PinnedJson.Default.SomebodyPassed, (state, _) => new Museum(state.Passed + 1))
        .Command<Pass, int>(PinnedJson.Default.Int32, (_, pass, _)
            => Effect.Persist(new SomebodyPassed(pass.Who)).ThenReply<Museum, int>(s => s.Passed));
}

/// <summary>Pinned to a region that no test has.</summary>
public sealed record Outpost(int Passed) : IEntity<Outpost>
{
    public static void Define(EntityDefinition<Outpost> entity) => entity
        .Named("outpost").Merge(MergeStrategy.Ordered).Mode(EntityMode.Pinned("moon"))
        .State(_ => new Outpost(0), PinnedJson.Default.Outpost)
        .Event("passed", PinnedJson.Default.SomebodyPassed, (state, _) => new Outpost(state.Passed + 1))
        .Command<Pass, int>("pass", PinnedJson.Default.Pass, PinnedJson.Default.Int32, (_, pass, _)
            => Effect.Persist(new SomebodyPassed(pass.Who)).ThenReply<Outpost, int>(s => s.Passed));
}

/// <summary>Its primary is eu at first, and moves.</summary>
public sealed record Booth(int Passed) : IEntity<Booth>
{
    public static void Define(EntityDefinition<Booth> entity) => entity
        .Named("booth").Merge(MergeStrategy.Ordered).Mode(EntityMode.RequestRegion("eu"))
        .State(_ => new Booth(0), PinnedJson.Default.Booth)
        .Event("passed", PinnedJson.Default.SomebodyPassed, (state, _) => new Booth(state.Passed + 1))
        .Command<Pass, int>("pass", PinnedJson.Default.Pass, PinnedJson.Default.Int32, (_, pass, _)
            => Effect.Persist(new SomebodyPassed(pass.Who)).ThenReply<Booth, int>(s => s.Passed));
}

public sealed record Pass(string Who) : ICommand<int>;

public sealed record SomebodyPassed(string Who);

[JsonSerializable(typeof(Turnstile))]
[JsonSerializable(typeof(Desk))]
[JsonSerializable(typeof(Gate))]
[JsonSerializable(typeof(Vault))]
[JsonSerializable(typeof(Archive))]
[JsonSerializable(typeof(Museum))]
[JsonSerializable(typeof(Outpost))]
[JsonSerializable(typeof(Booth))]
[JsonSerializable(typeof(Pass))]
[JsonSerializable(typeof(SomebodyPassed))]
[JsonSerializable(typeof(int))]
internal sealed partial class PinnedJson : JsonSerializerContext;
