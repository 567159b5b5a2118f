using Pelago.Replication;

namespace Pelago.Tests.Unit.Testing;

/// <summary>Not for ap, which sends on what it is asked.</summary>
public sealed record Gate(int Passed) : IEntity<Gate>
{
    public static void Define(EntityDefinition<Gate> entity) => entity
        .Named("gate").Merge(MergeStrategy.Ordered).Filter(EntityFilter.InEpoch(1).Except("ap"))
        .State(_ => new Gate(0), PinnedJson.Default.Gate)
        .Event("passed", PinnedJson.Default.SomebodyPassed, (state, _) => new Gate(state.Passed + 1))
        .Command<Pass, int>("pass", PinnedJson.Default.Pass, PinnedJson.Default.Int32, (_, pass, _)
            => Effect.Persist(new SomebodyPassed(pass.Who)).ThenReply<Gate, int>(s => s.Passed));
}

/// <summary>Not for ap, and nobody may write.</summary>
public sealed record Archive(int Passed) : IEntity<Archive>
{
    public static void Define(EntityDefinition<Archive> entity) => entity
        .Named("archive").Merge(MergeStrategy.Ordered).Mode(EntityMode.None)
        .Filter(EntityFilter.InEpoch(1).Except("ap"))
        .State(_ => new Archive(7), PinnedJson.Default.Archive)
        .Event("passed", PinnedJson.Default.SomebodyPassed, (state, _) => new Archive(state.Passed + 1))
        .Command<Pass, int>("pass", PinnedJson.Default.Pass, PinnedJson.Default.Int32, (_, pass, _)
            => Effect.Persist(new SomebodyPassed(pass.Who)).ThenReply<Archive, int>(s => s.Passed));
}

/// <summary>For eu and us, and pinned to eu.</summary>
public sealed record Vault(int Passed) : IEntity<Vault>
{
    public static void Define(EntityDefinition<Vault> entity) => entity
        .Named("vault").Merge(MergeStrategy.Ordered).Mode(EntityMode.Pinned("eu"))
        .Filter(EntityFilter.InEpoch(1).Only("eu", "us"))
        .State(_ => new Vault(0), PinnedJson.Default.Vault)
        .Event("passed", PinnedJson.Default.SomebodyPassed, (state, _) => new Vault(state.Passed + 1))
        .Command<Pass, int>("pass", PinnedJson.Default.Pass, PinnedJson.Default.Int32, (_, pass, _)
            => Effect.Persist(new SomebodyPassed(pass.Who)).ThenReply<Vault, int>(s => s.Passed));
}
