using System.Text.Json.Serialization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>What a write costs the garbage collector is what the slowest writes wait for: one that needs nothing
/// special makes its event, its place in the fold, its rows in the group and its answer, and no closures.</summary>
public sealed class KernelAllocationTests
{
    private const int Writes = 512, GroupWrites = 8;
    private static readonly EntityKey Door = new("door", "front");

    [Fact]
    public void Write_OfALoadedEntity_AllocatesLittleBesideItsEvent()
    {
        var type = EntityType.Of<DoorState>();
        var kernel = new InstanceKernel(
            new KernelOptions { Region = "a", Members = ["a"], Session = new Incarnation(50), Seed = 1 },
            new Dictionary<string, IEntityType> { ["door"] = type },
            new JournalIdentity(Guid.Empty, new Incarnation(1), Continuity.Clean, ""),
            [.. Enumerable.Range(0, EntityKey.Lanes).Select(lane => new LaneState(lane, 1, 0, 0, [], []))]);
        kernel.Submit(Open(type), Now);
        kernel.Flush(Now);
        kernel.Loaded(new EntityImage(Door, null, [], []), history: false, Now);
        kernel.Flush(Now);
        Commit(kernel, 0, 1);
        var warm = Measure(kernel, type, from: 1); // lists have grown and handlers are compiled from then on

        var each = Measure(kernel, type, from: 1 + (ulong)warm.Written);

        each.Bytes.ShouldBeLessThan(1_300);
    }

    private static Moment Now => new(1_000_000, 1_000);

    private static (long Bytes, int Written) Measure(InstanceKernel kernel, EntityType type, ulong from)
    {
        CommandRequest[] commands = [.. Enumerable.Range(0, Writes).Select(_ => Open(type))];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Writes; i += GroupWrites)
        {
            for (var j = i; j < i + GroupWrites; j++)
                kernel.Submit(commands[j], Now);
            kernel.Flush(Now);
            Commit(kernel, from + (ulong)i - 1, GroupWrites);
        }
        return ((GC.GetAllocatedBytesForCurrentThread() - before) / Writes, Writes);
    }

    private static void Commit(InstanceKernel kernel, ulong head, int writes)
    {
        kernel.Committed([new LaneCommit(CommitOutcome.Committed, head + 1, head + (ulong)writes)], Now);
        var done = 0;
        foreach (var effect in kernel.Flush(Now))
            done += effect is CommandDone { Result.Failure: null } ? 1 : 0;
        done.ShouldBe(writes);
    }

    private static CommandRequest Open(EntityType type) => new()
    {
        Entity = Door, Command = new OpenDoor(), Handle = type.Handler(typeof(OpenDoor))!,
        DeadlineMilliseconds = 9_000,
    };
}

internal sealed record DoorState(long Opened) : IEntity<DoorState>
{
    public static void Define(EntityDefinition<DoorState> entity) => entity
        .Named("door").Merge(MergeStrategy.Ordered).State(_ => new DoorState(0), DoorJson.Default.DoorState)
        .Event("opened", DoorJson.Default.DoorOpened, (door, _) => new DoorState(door.Opened + 1))
        .Command<OpenDoor, long>(DoorJson.Default.Int64, (_, _, _) => Effect.Persist(new DoorOpened())
            .ThenReply<DoorState, long>(door => door.Opened));
}

internal sealed record OpenDoor : ICommand<long>;

internal sealed record DoorOpened;

[JsonSerializable(typeof(DoorState))]
[JsonSerializable(typeof(DoorOpened))]
[JsonSerializable(typeof(long))]
internal sealed partial class DoorJson : JsonSerializerContext;
