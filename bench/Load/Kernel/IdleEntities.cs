using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Bench.Load;

/// <summary>P7: what an entity that is loaded and idle takes of memory beside its state: one with an id of 16 bytes
/// that was written in three lives of journals, all of it final. The kernel alone, with a state that all entities
/// share, so that nothing of it is counted.</summary>
public static class IdleEntities
{
    private const int Entities = 100_000;
    private static readonly Origin[] Lives =
        [.. Enumerable.Range(1, 3).Select(life => new Origin("here", Incarnation.Create(life, new byte[10])))];

    private static readonly Moment Now = new(1_000_000, 1_000);

    /// <summary>Runs and reports.</summary>
    public static void Run(Report report)
    {
        var kernel = NewKernel();
        Load(kernel, 0, 1_000); // what exists once for all
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Load(kernel, 1_000, Entities);
        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Entities;
        GC.KeepAlive(kernel);
        report.Add("P7", "memory of a loaded, idle entity beside its state (16-byte id, three slots)", bytes, "bytes",
            Entities);
    }

    private static InstanceKernel NewKernel() => new(
        new KernelOptions
        {
            Region = "here", Members = ["here"], Session = Incarnation.Create(9, new byte[10]), Seed = 1,
            EntityMemoryBytes = long.MaxValue,
        },
        new Dictionary<string, IEntityType> { ["shared"] = new SharedState() },
        new JournalIdentity(Guid.Empty, Lives[2].Incarnation, Continuity.Clean, ""),
        [
            .. Enumerable.Range(0, EntityKey.Lanes).Select(lane => new LaneState(lane, 1, 10, 10,
                [new Frontier(Lives[0], 10, 10), new Frontier(Lives[1], 10, 10)], [])),
        ]);

    // Of each, two events are read from the journal, and one is written: then all of it is final, and folded.
    private static void Load(InstanceKernel kernel, int from, int count)
    {
        var heads = new ulong[EntityKey.Lanes];
        for (var i = from; i < from + count; i++)
        {
            var key = new EntityKey("shared", $"customer-{i:0000000}");
            kernel.Submit(new CommandRequest
            {
                Entity = key, Command = "", Handle = (_, _, _) => new Decision(["word"], _ => null, null, []),
                DeadlineMilliseconds = long.MaxValue,
            }, Now);
            kernel.Flush(Now);
            kernel.Loaded(new EntityImage(key, null,
                [new EventRow(Event(key, 0), 1, false), new EventRow(Event(key, 1), 2, false)], []), false, Now);
            kernel.Flush(Now);
            var head = heads[key.Lane]++ + 11;
            kernel.Committed([new LaneCommit(CommitOutcome.Committed, head, head)], Now);
            if (!kernel.Flush(Now).OfType<CommandDone>().Any(d => d.Result.Failure is null))
                throw new InvalidOperationException($"{key} was not written.");
        }
    }

    private static EventRecord Event(EntityKey key, int life) => new()
    {
        Entity = key, Origin = Lives[life], Sequence = 1, OriginPosition = 1, Timestamp = new((ulong)life + 1),
        Vector = VersionVector.From(Lives.Take(life + 1).Select(o => new VersionVector.Slot(o, 1))),
        PayloadName = "word", Payload = "word"u8.ToArray(),
    };

    private sealed class SharedState : IEntityType
    {
        public string Name => "shared";
        public MergeStrategy Strategy => MergeStrategy.Ordered;
        public int StateVersion => 1;
        public object Initial(string id) => this;
        public Folded Apply(object state, object payload, in EventContext context) => Folded.To(state);
        public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload) => payloadName;
        public EncodedPayload Encode(object payload) => new("word", 1, "word"u8.ToArray());
        public byte[] EncodeState(object state) => [];
        public object DecodeState(ReadOnlySpan<byte> bytes) => this;
    }
}
