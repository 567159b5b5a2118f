using System.Globalization;
using System.Text;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>The entity types of the workload. A payload is <c>number:body</c>; the number is the operation's, unique in
/// a run.</summary>
internal static class TestTypes
{
    /// <summary>Ordered: a balance that the fold does not let fall below zero.</summary>
    public static readonly TextType Account = new("account", MergeStrategy.Ordered, () => 0L, (state, line, _) =>
    {
        var next = (long)state + Number(Body(line));
        return next < 0 ? Folded.Refuse("the account would be overdrawn") : Folded.To(next);
    }, state => Text((long)state), text => Number(text));

    /// <summary>Ordered: a digest of everything a handler is told, in the order in which it is told.</summary>
    public static readonly TextType Diary = new("diary", MergeStrategy.Ordered, () => 14695981039346656037UL,
        (state, line, context) => Folded.To(Mix((ulong)state, string.Create(CultureInfo.InvariantCulture,
            $"{line}|{context.Region}|{context.Sequence}|{context.Timestamp.Value}|{context.Concurrent}"))),
        state => ((ulong)state).ToString("x16", CultureInfo.InvariantCulture),
        text => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    /// <summary>CRDT: last writer wins for each of two fields.</summary>
    public static readonly TextType Book = new("book", MergeStrategy.Crdt,
        () => new BookState(LwwRegister<string>.Initial(""), LwwRegister<string>.Initial("")), (state, line, context) =>
        {
            var (book, body) = ((BookState)state, Body(line));
            return Folded.To(body[0] == 't'
                ? book with { Title = book.Title.Set(body[1..], context.Stamp) }
                : book with { Author = book.Author.Set(body[1..], context.Stamp) });
        }, state => ((BookState)state).Write(), BookState.Read)
    {
        LastWriters = [new LastWriter("author", s => ((BookState)s).Author.At),
            new LastWriter("title", s => ((BookState)s).Title.At)],
    };

    /// <summary>CRDT: a counter that goes up and down.</summary>
    public static readonly TextType Stock = new("stock", MergeStrategy.Crdt, () => PnCounter.Zero,
        (state, line, context) => Folded.To(((PnCounter)state).Add(Number(Body(line)), context.Region)),
        state => string.Join(';', ((PnCounter)state).ByRegion.Select(r => string.Create(CultureInfo.InvariantCulture,
            $"{r.Key},{r.Value.Added},{r.Value.Taken}"))),
        text => text.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split(',')).Aggregate(
            PnCounter.Zero, (counter, part) => counter.Add(Number(part[1]), part[0]).Add(-Number(part[2]), part[0])));

    /// <summary>Like <see cref="Account"/>, and each event sends a receipt once it is final.</summary>
    public static readonly TextType Deal = new("deal", MergeStrategy.Ordered, () => 0L, (state, line, _) =>
    {
        var next = (long)state + Number(Body(line));
        return next < 0 ? Folded.Refuse("the deal would be overdrawn") : Folded.To(next);
    }, state => Text((long)state), text => Number(text)) { HasAnyEffects = true };

    /// <summary>Receipts of the deal of the same id: one a key.</summary>
    public static readonly TextType Receipt = new("receipt", MergeStrategy.Ordered, () => "",
        (state, line, _) => Folded.To($"{state}{line}\n"), state => (string)state, text => text);

    /// <summary>Like <see cref="Diary"/>, and its events stay in their region until it is declared otherwise.</summary>
    public static readonly TextType Draft = new TextType("draft", MergeStrategy.Ordered, () => 14695981039346656037UL,
        (state, line, context) => Folded.To(Mix((ulong)state, string.Create(CultureInfo.InvariantCulture,
            $"{line}|{context.Region}|{context.Sequence}|{context.Timestamp.Value}|{context.Concurrent}"))),
        state => ((ulong)state).ToString("x16", CultureInfo.InvariantCulture),
        text => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).In(EntityMode.Local);

    /// <summary>Like <see cref="Diary"/>; tests declare it with filters.</summary>
    public static readonly TextType Letter = new("letter", MergeStrategy.Ordered, () => 14695981039346656037UL,
        (state, line, context) => Folded.To(Mix((ulong)state, string.Create(CultureInfo.InvariantCulture,
            $"{line}|{context.Region}|{context.Sequence}|{context.Timestamp.Value}|{context.Concurrent}"))),
        state => ((ulong)state).ToString("x16", CultureInfo.InvariantCulture),
        text => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    /// <summary>Ordered: lines, one below the other. Its entities are deleted.</summary>
    public static readonly TextType Memo = new("memo", MergeStrategy.Ordered, () => "",
        (state, line, _) => Folded.To($"{state}{Body(line)}\n"), state => (string)state, text => text);

    /// <summary>Ordered: every line, with its number. Tests declare it, and <see cref="Desk"/>, with a primary that
    /// moves.</summary>
    public static readonly TextType Till = new("till", MergeStrategy.Ordered, () => "",
        (state, line, _) => Folded.To($"{state}{line}\n"), state => (string)state, text => text);

    /// <summary>Like <see cref="Till"/>.</summary>
    public static readonly TextType Desk = new("desk", MergeStrategy.Ordered, () => "",
        (state, line, _) => Folded.To($"{state}{line}\n"), state => (string)state, text => text);

    /// <summary>Like <see cref="Diary"/>, and each of its entities may have a filter.</summary>
    public static readonly TextType Parcel = new("parcel", MergeStrategy.Ordered, () => 14695981039346656037UL,
        (state, line, context) => Folded.To(Mix((ulong)state, string.Create(CultureInfo.InvariantCulture,
            $"{line}|{context.Region}|{context.Sequence}|{context.Timestamp.Value}|{context.Concurrent}"))),
        state => ((ulong)state).ToString("x16", CultureInfo.InvariantCulture),
        text => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture)) { HasRegions = true };

    /// <summary>Custom: lines in the order in which they are applied, so that one before its cause shows. Each of its
    /// entities may have a filter.</summary>
    public static readonly TextType Crate = new("crate", MergeStrategy.Custom, () => "",
        (state, line, context) => Folded.To(Chain((string)state, line, context)), state => (string)state, text => text)
    {
        HasRegions = true,
    };

    /// <summary>Those of the ordinary workload.</summary>
    public static readonly IReadOnlyList<string> Usual = [Account.Name, Book.Name, Diary.Name, Stock.Name];

    /// <summary>All of them by name.</summary>
    public static readonly IReadOnlyDictionary<string, IEntityType> All
        = new[]
        {
            Account, Diary, Book, Stock, BoardType.Board, Deal, Receipt, Draft, Letter, Memo, Till, Desk, Parcel, Crate,
        }.ToDictionary(t => t.Name, t => (IEntityType)t);

    /// <summary>Those without effects: a region that runs no others keeps no marks.</summary>
    public static readonly IReadOnlyDictionary<string, IEntityType> WithoutEffects
        = All.Where(t => !t.Value.HasAnyEffects).ToDictionary();

    /// <summary>Those without effects, and rows of their final events may go.</summary>
    public static readonly IReadOnlyDictionary<string, IEntityType> Compacting
        = WithoutEffects.ToDictionary(t => t.Key, t => (IEntityType)((TextType)t.Value).Compacting());

    /// <summary>What a payload says, without its number.</summary>
    public static string Body(string line) => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..];

    /// <summary>A book's title.</summary>
    public static string TitleOf(object state) => ((BookState)state).Title.Value;

    /// <summary>A command that persists the given lines as one batch and answers with <c>done</c> and the number of
    /// events
    /// before.</summary>
    /// <param name="regions">Which regions the entity is for from then on, or null.</param>
    public static Func<object, CommandContext, Decision> Persist(
        IReadOnlyList<string> lines, EntityFilter? regions = null)
        => (_, context) => new Decision(regions is null ? [.. lines] : [new RegionsChange(regions), .. lines],
            _ => "done " + Text((long)context.Version), null, []);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    // Of each life the number of its last event that came in its order, and how many came before their causes.
    private static string Chain(string state, string line, in EventContext context)
    {
        var lives = state.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(part => part.Split('='))
            .ToDictionary(part => part[0], part => ulong.Parse(part[1], CultureInfo.InvariantCulture));
        foreach (var slot in context.Vector)
        {
            var before = slot.Origin.Equals(context.Origin) ? slot.Count - 1 : slot.Count;
            if (lives.GetValueOrDefault(Life(slot.Origin)) < before)
                lives["early"] = lives.GetValueOrDefault("early") + 1;
        }
        lives[Life(context.Origin)] = context.Sequence;
        lives["sum"] = lives.GetValueOrDefault("sum") + (ulong)line.Length;
        return string.Concat(lives.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l
            => string.Create(CultureInfo.InvariantCulture, $"{l.Key}={l.Value};")));

        static string Life(Origin origin) => $"{origin.Region}/{origin.Incarnation}";
    }

    private static ulong Mix(ulong hash, string text)
    {
        foreach (var b in Encoding.UTF8.GetBytes(text))
            hash = (hash ^ b) * 1099511628211UL;
        return hash;
    }

    private sealed record BookState(LwwRegister<string> Title, LwwRegister<string> Author)
    {
        public static BookState Read(string text)
        {
            var parts = text.Split('|');
            return new BookState(Register(parts[..4]), Register(parts[4..]));
        }

        public string Write() => string.Create(CultureInfo.InvariantCulture,
            $"{Write(Title)}|{Write(Author)}");

        private static string Write(LwwRegister<string> register) => string.Create(CultureInfo.InvariantCulture,
            $"{register.Value}|{register.At.Timestamp.Value}|{register.At.Region}|{register.At.Life}");

        private static LwwRegister<string> Register(string[] parts) => new(parts[0], new Stamp(
            new HybridTimestamp(ulong.Parse(parts[1], CultureInfo.InvariantCulture)), parts[2],
            Incarnation.Parse(parts[3])));
    }
}
