using System.Globalization;
using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>Short ways to say events, for tests of the pure parts.</summary>
internal static class Events
{
    public static readonly Origin A = new("a", new Incarnation(1));
    public static readonly Origin B = new("b", new Incarnation(1));
    public static readonly Origin C = new("c", new Incarnation(1));
    public static readonly EntityKey Entity = new("text", "e1");

    /// <summary>An event whose author had seen <paramref name="seen"/> and wrote <paramref name="text"/>.</summary>
    public static EventRecord Write(
        Origin origin, ulong sequence, long milliseconds, string text, VersionVector? seen = null, string key = "",
        int index = 0, int length = 1, ulong position = 0, EntityKey? entity = null) => new()
    {
        Entity = entity ?? Entity, Origin = origin, Sequence = sequence,
        Vector = (seen ?? VersionVector.Empty).With(origin, sequence), Timestamp = HybridTimestamp.At(milliseconds),
        BatchIndex = index, BatchLength = length, IdempotencyKey = key, PayloadName = "word",
        Payload = Encoding.UTF8.GetBytes(text), OriginPosition = position == 0 ? sequence : position,
    };

    /// <summary>What an author has seen.</summary>
    public static VersionVector Saw(params (Origin Origin, ulong Count)[] slots)
        => VersionVector.From(slots.Select(s => new VersionVector.Slot(s.Origin, s.Count)));

    /// <summary>A type whose state lists the words, marked when concurrent; "!" is refused after "stop".</summary>
    public static IEntityType Words(
        MergeStrategy strategy = MergeStrategy.Ordered, int version = 1, EntityMode? mode = null, bool effects = false)
        => new WordType(strategy, version, mode ?? EntityMode.Replicated, effects);

    /// <summary>Puts events into a fold, payload decoded.</summary>
    public static void Add(this EntityFold fold, params EventRecord[] events)
    {
        foreach (var e in events)
            fold.Insert(e, Encoding.UTF8.GetString(e.Payload.Span));
    }

    private sealed class WordType(MergeStrategy strategy, int version, EntityMode mode, bool effects) : IEntityType
    {
        public bool HasAnyEffects => effects;

        public bool HasEffects(string payloadName) => effects;

        public string Name => "text";

        public MergeStrategy Strategy => strategy;

        public EntityMode Mode => mode;

        public int StateVersion => version;

        public object Initial(string id) => id == "odd" ? throw new FormatException("odd") : "";

        public Folded Apply(object state, object payload, in EventContext context)
        {
            var (text, word) = ((string)state, (string)payload);
            if (word == "boom")
                throw new InvalidOperationException("boom");
            if (word == "!" && text.Contains("stop", StringComparison.Ordinal))
                return Folded.Refuse("stopped");
            return Folded.To(string.Create(CultureInfo.InvariantCulture,
                $"{text}{word}{(context.Concurrent ? "*" : "")} "));
        }

        public object? Decode(string payloadName, int payloadVersion, ReadOnlySpan<byte> payload)
            => payloadName == "word" ? Encoding.UTF8.GetString(payload) : null;

        public EncodedPayload Encode(object payload) => new("word", 1, Encoding.UTF8.GetBytes((string)payload));

        public byte[] EncodeState(object state) => Encoding.UTF8.GetBytes((string)state);

        public object DecodeState(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
    }
}
