using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Bookstore;

/// <summary>Details of a book: each field keeps what was written to it last, whichever region wrote it.</summary>
public sealed record Book(
    LwwRegister<string> Title, LwwRegister<string> Author, LwwRegister<string> Description, LwwRegister<string> Version)
    : IEntity<Book>
{
    private static readonly Book Unwritten = new(
        LwwRegister<string>.Initial(""), LwwRegister<string>.Initial(""), LwwRegister<string>.Initial(""),
        LwwRegister<string>.Initial(""));

    /// <inheritdoc />
    public static void Define(EntityDefinition<Book> entity) => entity
        .Named("book")
        .Merge(MergeStrategy.Crdt)
        .State(_ => Unwritten, BookJson.Default.Book)
        .Event("details-written", 1, BookJson.Default.DetailsWritten, (book, e, context)
            => Folded.To(book.Apply(e, context.Stamp)))
        .Command<WriteDetails, BookView>(BookJson.Default.BookView, (book, command, context) =>
        {
            var change = book.Change(command);
            return change is null
                ? Effect.Reply<Book, BookView>(book.View(context.EntityId))
                : Effect.Persist(change).ThenReply<Book, BookView>(next => next.View(context.EntityId));
        });

    /// <summary>True once somebody has written the book.</summary>
    public bool Exists => Title.Value.Length > 0;

    /// <summary>What a client sees.</summary>
    public BookView View(string sku) => new(sku, Title.Value, Author.Value, Description.Value, Version.Value);

    private Book Apply(DetailsWritten e, Stamp stamp) => new(
        e.Title is null ? Title : Title.Set(e.Title, stamp), e.Author is null ? Author : Author.Set(e.Author, stamp),
        e.Description is null ? Description : Description.Set(e.Description, stamp),
        e.Version is null ? Version : Version.Set(e.Version, stamp));

    // Only fields that change are written: otherwise an unchanged one would win over somebody's concurrent change of
    // it.
    private DetailsWritten? Change(WriteDetails c)
    {
        var change = new DetailsWritten(
            Changed(c.Title, Title), Changed(c.Author, Author), Changed(c.Description, Description),
                Changed(c.Version, Version));
        return change == new DetailsWritten(null, null, null, null) ? null : change;

        static string? Changed(string? wanted, LwwRegister<string> present)
            => wanted is null || (wanted == present.Value && present.At != Stamp.None) ? null : wanted;
    }
}

/// <summary>Writes the details that are given; the others stay as they are.</summary>
public sealed record WriteDetails(string Title, string Author, string? Description, string? Version)
    : ICommand<BookView>;

/// <summary>Event: these fields were written.</summary>
public sealed record DetailsWritten(string? Title, string? Author, string? Description, string? Version);

/// <summary>A book as its client sees it.</summary>
public sealed record BookView(string Sku, string Title, string Author, string Description, string Version);

/// <summary>How many of a book are there: regions add and take away at the same time and none is lost.</summary>
public sealed record Stock(PnCounter Count) : IEntity<Stock>
{
    /// <summary>Largest change at a time.</summary>
    public const int MaxDelta = 1_000_000;

    /// <inheritdoc />
    public static void Define(EntityDefinition<Stock> entity) => entity
        .Named("stock")
        .Merge(MergeStrategy.Crdt)
        .State(_ => new Stock(PnCounter.Zero), BookJson.Default.Stock)
        .Event("stock-changed", 1, BookJson.Default.StockChanged,
            (stock, e, context) => Folded.To(new Stock(stock.Count.Add(e.Delta, context.Region))))
        .Command<ChangeStock, StockView>(BookJson.Default.StockView, (_, command, context) => Effect
            .Persist(new StockChanged(command.Delta))
            .ThenReply<Stock, StockView>(stock => new StockView(context.EntityId, stock.Count.Value)));
}

/// <summary>Adds to the stock, or takes away when negative.</summary>
public sealed record ChangeStock(long Delta) : ICommand<StockView>;

/// <summary>Event: the stock changed.</summary>
public sealed record StockChanged(long Delta);

/// <summary>Stock as its client sees it.</summary>
public sealed record StockView(string Sku, long Count);

/// <summary>A book with its stock.</summary>
public sealed record BookWithStock(
    string Sku, string Title, string Author, string Description, string Version, long Stock);

/// <summary>JSON of books and stock.</summary>
[JsonSourceGenerationOptions(
    System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Book))]
[JsonSerializable(typeof(DetailsWritten))]
[JsonSerializable(typeof(BookView))]
[JsonSerializable(typeof(Stock))]
[JsonSerializable(typeof(StockChanged))]
[JsonSerializable(typeof(StockView))]
[JsonSerializable(typeof(BookWithStock))]
internal sealed partial class BookJson : JsonSerializerContext;
