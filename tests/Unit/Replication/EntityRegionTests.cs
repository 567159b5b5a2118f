using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Replication.Stored;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit;

/// <summary>Filters of single entities: definitions, events, and what a kernel sends to an older version.</summary>
public sealed class EntityRegionTests
{
    private const long Link = 7;
    private static readonly Moment Now = new(1_000_000, 1_000);

    [Fact]
    public void Build_WithWhatNeedsEveryRegion_IsAMistakeAtStartUp()
    {
        const string So = "can have no filters of their own";
        Mistake(d => d.Filter(EntityFilter.InEpoch(1))).ShouldContain(So);
        Mistake(d => d.Mode(EntityMode.Local)).ShouldContain(So);
        Mistake(d => d.Mode(EntityMode.Pinned("eu"))).ShouldContain(So);
        Mistake(d => d.Mode(EntityMode.RequestRegion("eu"))).ShouldContain(So);
        Mistake(d => d.Compact()).ShouldContain(So);
        Mistake(d => d.Final<Entered>("mail", (_, _, _) => ValueTask.CompletedTask)).ShouldContain(So);
        var preference = new EntityDefinition<Preference>();
        Preference.Define(preference);
        Should.Throw<PelagoException>(preference.Mode(EntityMode.Replicated).RegionsPerEntity().Build).Failure.Message
            .ShouldContain("command Choose cannot be sent on");
        EntityType.Of<Dossier>().HasRegions.ShouldBeTrue();
    }

    [Fact]
    public void Effect_IncludedAndExcluded_IsOneRuleInFrontOfItsBatch()
    {
        var decision = Effect.Persist("e").KeptIn("eu", "us").KeptOutOf("us").ThenReply<Dossier, int>(_ => 0).Decision;

        decision.Events.Count.ShouldBe(2);
        var rule = decision.Events[0].ShouldBeOfType<RegionsChange>().Rule;
        (rule.Admits("eu"), rule.Admits("us"), rule.Admits("ap")).ShouldBe((true, false, false));
        Effect.Persist().KeptIn("eu").KeptEverywhere().ThenReply<Dossier, int>(_ => 0).Decision.Events
            .ShouldHaveSingleItem().ShouldBeOfType<RegionsChange>().Rule.IsSelective.ShouldBeFalse();
    }

    [Fact]
    public void Withheld_OfAnEvent_HasNothingOfWhatItSays()
    {
        var hidden = RegionEvents.Kept(Events.A, 1, "a");
        var placeholder = hidden.For("b");

        placeholder.IsWithheld.ShouldBeTrue();
        placeholder.Payload.IsEmpty.ShouldBeTrue();
        (placeholder.Sequence, placeholder.OriginPosition, placeholder.Vector)
            .ShouldBe((hidden.Sequence, hidden.OriginPosition, hidden.Vector));
        hidden.For("a").ShouldBeSameAs(hidden);
        hidden.HasSameContent(placeholder).ShouldBeTrue("it is no fork");
        RegionEvents.Change(Events.A, 1, "a").For("b").IsWithheld.ShouldBeFalse("whom it is for is told to all");
    }

    [Fact]
    public void Page_ForAPeerOfAnOlderVersion_ClaimsNothingOfAnEntityThatHasAFilter()
    {
        EventRecord plain = Events.Write(Events.A, 1, 5, "plain", position: 1),
            change = RegionEvents.Change(Events.A, 2, "a", "b"), kept = RegionEvents.Kept(Events.A, 3, "a", "b");
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, plain, change, kept)
            .Linked(8, "c", 0).Accepted(Link, "b")
            .Give(k => k.Received(Link, new CreditFrame(Events.Entity.Lane, 1_000_000), Now))
            .Give(k => k.Received(
                Link, new SubscribeFrame(Events.Entity.Lane, Events.A, 0, Stop: false), Now));
        var read = kernel.Asked.OfType<ReadPage>().Single();
        kernel.Give(k => k.PageRead(read.Request, new LanePage(Events.Entity.Lane,
            [new LaneRow(1, new EventRow(plain, 1, true)), new LaneRow(2, new EventRow(change, 2, true)),
                new LaneRow(3, new EventRow(kept, 3, true))], 3, []), Now));

        kernel.Sent<EventsFrame>(Link).SelectMany(f => f.Events).ShouldHaveSingleItem().ShouldBe(plain);
        kernel.Sent<EventsFrame>(Link).Max(f => f.Through).ShouldBe(1ul);
    }

    [Fact]
    public void Snapshot_WithARuleThatCannotBeRead_IsNotUsed()
    {
        IsUsed(_ => { }).ShouldBeTrue("or this shows nothing");
        IsUsed(s => s.Tail[0].Regions = Broken).ShouldBeFalse("the event would be for everybody");
        IsUsed(s => s.Regions = Broken).ShouldBeFalse("the entity would be");
    }

    // Written by a version that did not check what it wrote.
    private static ByteString Broken => ByteString.CopyFrom(EntityFilter.InEpoch(1).Only("EU-West").ToBytes());

    private static bool IsUsed(Action<Snapshot> change)
    {
        var place = new StoredPlace { Sequence = 1, Timestamp = HybridTimestamp.At(5).Value };
        var rule = ByteString.CopyFrom(RegionEvents.Only("a").ToBytes());
        var snapshot = new Snapshot
        {
            Format = 1, BaseVersion = 1, HighestTimestamp = place.Timestamp, RegionsAt = place, Regions = rule,
            Origins =
            {
                new StoredOrigin
                {
                    Region = "a", Incarnation = ByteString.CopyFrom(Events.A.Incarnation.ToBytes()),
                },
            },
            Seen = { new StoredSlot { Count = 1 } },
            Tail =
            {
                new StoredEvent
                {
                    Sequence = 1, Vector = { new StoredSlot { Count = 1 } }, Timestamp = place.Timestamp,
                    BatchLength = 1, PayloadName = "word", PayloadVersion = 1, OriginPosition = 1, Regions = rule,
                },
            },
        };
        change(snapshot);
        return EntityAudit.Of(Events.Words(), new EntityImage(Events.Entity,
            new EntitySnapshot(Events.Entity, 1, snapshot.ToByteArray()), [], []), history: null) is not null;
    }

    private static string Mistake(Action<EntityDefinition<Dossier>> change)
    {
        var definition = new EntityDefinition<Dossier>();
        Dossier.Define(definition);
        change(definition);
        return Should.Throw<PelagoException>(definition.Build).Failure.Message;
    }
}
