using System.Text.Json.Serialization;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>Writes to last-writer-wins values that were overwritten unseen, as a fold finds them.</summary>
public sealed partial class OverwrittenTests
{
    private static readonly EntityType Pages = EntityType.Of<Page>();

    [Fact]
    public void Values_OfAState_AreThoseOfItsRecordsToo()
        => Pages.LastWriters.Select(v => v.Name).ShouldBe(["cover.colour", "title"]);

    [Fact]
    public void Base_ConcurrentWrites_FindsTheOneThatNobodyReplaced()
    {
        var fold = Fold();
        Insert(fold, Events.A, 1, 1, new Titled("a"), Saw());
        Insert(fold, Events.A, 2, 2, new Titled("b"), Saw((Events.A, 1)));
        Insert(fold, Events.B, 1, 3, new Titled("c"), Saw());
        fold.IsContested.ShouldBeTrue();
        fold.AdvanceBase(_ => true);

        fold.TakeOverwritten().ShouldBe([new OverwrittenWrite(new Dot(Events.A, 2),
            "'title' was overwritten by b#1, whose author had not seen it")]);
        fold.TakeOverwritten().ShouldBeEmpty();
        fold.IsContested.ShouldBeFalse();
    }

    [Fact]
    public void Base_WriteThatSomebodyReplacedElsewhere_IsNotFound()
    {
        var fold = Fold();
        Insert(fold, Events.A, 1, 1, new Titled("a"), Saw());
        Insert(fold, Events.B, 1, 2, new Titled("b"), Saw()); // overwrites it unseen, and is overwritten by c
        Insert(fold, Events.C, 1, 3, new Titled("c"), Saw((Events.A, 1))); // had a's before him, and replaces it
        fold.AdvanceBase(_ => true);

        fold.TakeOverwritten().Select(o => o.Write).ShouldBe([new Dot(Events.B, 1)]);
    }

    [Fact]
    public void Base_EventOfSeveralValues_IsFoundOnceWithAllThatItLost()
    {
        var fold = Fold();
        Insert(fold, Events.A, 1, 1, new Written("a", "red"), Saw());
        Insert(fold, Events.B, 1, 2, new Titled("b"), Saw());
        Insert(fold, Events.C, 1, 3, new Coloured("blue"), Saw());
        fold.AdvanceBase(_ => true);

        fold.TakeOverwritten().ShouldBe([new OverwrittenWrite(new Dot(Events.A, 1),
            "'cover.colour' was overwritten by c#1, whose author had not seen it; "
            + "'title' was overwritten by b#1, whose author had not seen it")]);
    }

    [Fact]
    public void Base_AChainOfWrites_FindsNothing()
    {
        var fold = Fold();
        Insert(fold, Events.A, 1, 1, new Titled("a"), Saw());
        Insert(fold, Events.B, 1, 2, new Titled("b"), Saw((Events.A, 1)));
        fold.IsContested.ShouldBeFalse();
        fold.AdvanceBase(_ => true);

        fold.TakeOverwritten().ShouldBeEmpty();
    }

    [Fact]
    public void Base_AllThatIsStillToComeHasSeenTheSuccessor_IsDecided()
    {
        var fold = Fold();
        var first = Insert(fold, Events.A, 1, 1, new Titled("a"), Saw());
        var second = Insert(fold, Events.B, 1, 2, new Titled("b"), Saw());
        Insert(fold, Events.C, 1, 3, new Titled("c"), Saw((Events.B, 1)));
        fold.AdvanceBase(e => e == first || e == second).ShouldBe(2);

        fold.TakeOverwritten().Select(o => o.Write).ShouldBe([new Dot(Events.A, 1)]);
    }

    [Fact]
    public void Base_RestoredInBetween_StillKnowsWhatIsNotDecided()
    {
        var fold = Fold();
        var first = Insert(fold, Events.A, 1, 1, new Titled("a"), Saw());
        var second = Insert(fold, Events.B, 1, 2, new Titled("b"), Saw());
        // Its author had the first before him, and replaces it: that counts once it is final.
        var third = Record(Events.C, 1, 3, new Titled("c"), Saw((Events.A, 1)));
        fold.Insert(third, new Titled("c"));
        fold.AdvanceBase(e => e == first || e == second).ShouldBe(2);
        fold.TakeOverwritten().ShouldBeEmpty("the third is not final");

        var restored = EntityFold.Restore(Pages, "p", fold.ToBase());
        restored.Insert(third, new Titled("c"));
        restored.AdvanceBase(_ => true);

        restored.TakeOverwritten().Select(o => o.Write).ShouldBe([new Dot(Events.B, 1)]);
        restored.IsContested.ShouldBeFalse();
    }

    [Fact]
    public void Base_EventBesideIt_IsFoldedFromTheHistory()
    {
        var fold = Fold();
        Insert(fold, Events.A, 1, 1, new Titled("a"), Saw());
        fold.AdvanceBase(_ => true);

        fold.IsBesideBase(Record(Events.B, 1, 9, new Titled("b"), Saw())).ShouldBeTrue();
        fold.IsBesideBase(Record(Events.B, 1, 9, new Titled("b"), Saw((Events.A, 1)))).ShouldBeFalse();
    }

    private static EntityFold Fold() => new(Pages, "p");

    private static VersionVector Saw(params (Origin Origin, ulong Count)[] slots) => Events.Saw(slots);

    private static EventRecord Insert(
        EntityFold fold, Origin origin, ulong sequence, long at, object payload, VersionVector seen)
    {
        var e = Record(origin, sequence, at, payload, seen);
        fold.Insert(e, payload);
        return e;
    }

    private static EventRecord Record(Origin origin, ulong sequence, long at, object payload, VersionVector seen)
    {
        var encoded = Pages.Encode(payload);
        return new EventRecord
        {
            Entity = new EntityKey("page", "p"), Origin = origin, Sequence = sequence,
            Vector = seen.With(origin, sequence), Timestamp = HybridTimestamp.At(at), BatchIndex = 0, BatchLength = 1,
            PayloadName = encoded.Name, PayloadVersion = encoded.Version, Payload = encoded.Bytes,
            OriginPosition = sequence,
        };
    }

    /// <summary>A page with a title, and a cover with a colour.</summary>
    internal sealed record Page(LwwRegister<string> Title, Cover Cover) : IEntity<Page>
    {
        public static void Define(EntityDefinition<Page> entity) => entity
            .Named("page")
            .Merge(MergeStrategy.Crdt)
            .State(_ => new Page(LwwRegister<string>.Initial(""), new Cover(LwwRegister<string>.Initial(""))),
                PageJson.Default.Page)
            .Event("titled", 1, PageJson.Default.Titled, (page, e, context)
                => Folded.To(page with { Title = page.Title.Set(e.Title, context.Stamp) }))
            .Event("coloured", 1, PageJson.Default.Coloured, (page, e, context)
                => Folded.To(page with { Cover = page.Cover.Paint(e.Colour, context) }))
            .Event("written", 1, PageJson.Default.Written, (page, e, context) => Folded.To(
                new Page(page.Title.Set(e.Title, context.Stamp), page.Cover.Paint(e.Colour, context))));
    }

    internal sealed record Cover(LwwRegister<string> Colour)
    {
        public Cover Paint(string colour, in EventContext context) => new(Colour.Set(colour, context.Stamp));
    }

    internal sealed record Titled(string Title);

    internal sealed record Coloured(string Colour);

    internal sealed record Written(string Title, string Colour);

    [JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
    [JsonSerializable(typeof(Page))]
    [JsonSerializable(typeof(Titled))]
    [JsonSerializable(typeof(Coloured))]
    [JsonSerializable(typeof(Written))]
    private sealed partial class PageJson : JsonSerializerContext;
}
