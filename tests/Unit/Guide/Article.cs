using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Guide;

// The code of docs/guide/data-types.md: a test of tests/Tidy compares it with the page.

public sealed record Article(
    LwwRegister<string> Title,
    OrSet<string> Tags,
    RemoveWinsSet<string> Readers,
    OrMap<string, ResettableCounter> Reactions,
    Sequence<string> Lines) : IEntity<Article>
{
    public static readonly Article New = new(LwwRegister<string>.Initial("Untitled"), OrSet<string>.Empty,
        RemoveWinsSet<string>.Empty, OrMap<string, ResettableCounter>.Empty, Sequence<string>.Empty);

    public static void Define(EntityDefinition<Article> entity) => entity
        .Named("article")
        .Merge(MergeStrategy.Crdt)
        .State(_ => New, ArticleJson.Default.Article)
        .Settle((article, horizon) => article with
        {
            Tags = article.Tags.Settle(horizon),
            Readers = article.Readers.Settle(horizon),
            Reactions = article.Reactions.Settle(horizon),
            Lines = article.Lines.Settle(horizon),
        })
        .Event("titled", 1, ArticleJson.Default.Titled, (article, e, context)
            => Folded.To(article with { Title = article.Title.Set(e.Title, context.Stamp) }))
        .Event("tagged", 1, ArticleJson.Default.Tagged, (article, e, context)
            => Folded.To(article with { Tags = article.Tags.Add(e.Tag, context) }))
        .Event("untagged", 1, ArticleJson.Default.Untagged, (article, e, context)
            => Folded.To(article with { Tags = article.Tags.Remove(e.Tag, context) }))
        .Event("shared", 1, ArticleJson.Default.Shared, (article, e, context)
            => Folded.To(article with { Readers = article.Readers.Add(e.Reader, context) }))
        .Event("unshared", 1, ArticleJson.Default.Unshared, (article, e, context)
            => Folded.To(article with { Readers = article.Readers.Remove(e.Reader, context) }))
        .Event("reacted", 1, ArticleJson.Default.Reacted, (article, e, context) => Folded.To(article with
        {
            Reactions = article.Reactions.Update(e.Emoji, context, count => count.Add(1, context)),
        }))
        .Event("reactions-cleared", 1, ArticleJson.Default.ReactionsCleared, (article, e, context)
            => Folded.To(article with { Reactions = article.Reactions.Remove(e.Emoji, context) }))
        .Event("lines-inserted", 1, ArticleJson.Default.LinesInserted, (article, e, context)
            => Folded.To(article with { Lines = article.Lines.Apply(e.What, context) }))
        .Event("lines-deleted", 1, ArticleJson.Default.LinesDeleted, (article, e, context)
            => Folded.To(article with { Lines = article.Lines.Apply(e.What, context) }))
        .Command<InsertLine, int>(ArticleJson.Default.Int32, (article, command, _) => Effect
            .Persist(new LinesInserted(article.Lines.InsertAt(command.Index, command.Text)))
            .ThenReply<Article, int>(after => after.Lines.Count));
}

public sealed record InsertLine(int Index, string Text) : ICommand<int>;

public sealed record Titled(string Title);

public sealed record Tagged(string Tag);

public sealed record Untagged(string Tag);

public sealed record Shared(string Reader);

public sealed record Unshared(string Reader);

public sealed record Reacted(string Emoji);

public sealed record ReactionsCleared(string Emoji);

public sealed record LinesInserted(SequenceInsertion<string> What);

public sealed record LinesDeleted(SequenceDeletion What);

/// <summary>A price that anybody may set: of prices set concurrently the lowest counts, until somebody who has seen
/// them sets another.</summary>
public sealed record Offer(ImmutableArray<HeldPrice> Prices) : IEntity<Offer>
{
    public static void Define(EntityDefinition<Offer> entity) => entity
        .Named("offer")
        .Merge(MergeStrategy.Custom)
        .State(_ => new Offer(ImmutableArray<HeldPrice>.Empty), ArticleJson.Default.Offer)
        .Event("priced", 1, ArticleJson.Default.Priced, (offer, e, context) => Folded.To(new Offer(
        [
            // A price replaces those that its author had seen, and no others: not what happened to arrive before.
            .. offer.Prices.Where(held => !context.HasSeen(held.At)).Append(new HeldPrice(e.Price, context.Dot))
                .OrderBy(held => held.Price).ThenBy(held => held.At),
        ])));

    [JsonIgnore]
    public long? Price => Prices.IsEmpty ? null : Prices[0].Price;
}

public sealed record HeldPrice(long Price, Dot At);

public sealed record Priced(long Price);

/// <summary>An event that has changed its form twice.</summary>
public sealed record Customer(string First, string Last) : IEntity<Customer>
{
    public static void Define(EntityDefinition<Customer> entity) => entity
        .Named("customer")
        .Merge(MergeStrategy.Ordered)
        .State(_ => new Customer("", ""), ArticleJson.Default.Customer)
        .Event("named", 3, ArticleJson.Default.Named, (_, e, _) => Folded.To(new Customer(e.First, e.Last)))
        .Upcast("named", 1, json => new JsonObject { ["Name"] = json["FullName"]!.DeepClone() })
        .Upcast("named", 2, ArticleJson.Default.NamedV2, ArticleJson.Default.Named, old =>
        {
            var space = old.Name.IndexOf(' ');
            return space < 0 ? new Named("", old.Name) : new Named(old.Name[..space], old.Name[(space + 1)..]);
        });
}

public sealed record Named(string First, string Last);

public sealed record NamedV2(string Name);

[JsonSerializable(typeof(Article))]
[JsonSerializable(typeof(Titled))]
[JsonSerializable(typeof(Tagged))]
[JsonSerializable(typeof(Untagged))]
[JsonSerializable(typeof(Shared))]
[JsonSerializable(typeof(Unshared))]
[JsonSerializable(typeof(Reacted))]
[JsonSerializable(typeof(ReactionsCleared))]
[JsonSerializable(typeof(LinesInserted))]
[JsonSerializable(typeof(LinesDeleted))]
[JsonSerializable(typeof(Offer))]
[JsonSerializable(typeof(Priced))]
[JsonSerializable(typeof(Customer))]
[JsonSerializable(typeof(Named))]
[JsonSerializable(typeof(NamedV2))]
[JsonSerializable(typeof(int))]
internal sealed partial class ArticleJson : JsonSerializerContext;
