using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Sdk.Testing;
using Pelago.Tests.Unit.Guide;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit.Entities;

public sealed class DeletionTests
{
    private static readonly EntityType Drafts = EntityType.Of<Draft>();

    [Fact]
    public async Task Entity_DeletedInOneRegion_BeginsAnewInTheOther()
    {
        var network = new TestNetwork(["eu", "us"]);
        var types = new EntityTypes([Drafts]);
        await using var eu = await TestRegion.StartAsync("eu", network, types: types);
        await using var us = await TestRegion.StartAsync("us", network, types: types);
        await SendAsync(eu, new Write("old"));

        var deleted = await SendAsync(eu, new Discard());
        var under = new RequestOptions { Token = deleted.Token, Deadline = TimeSpan.FromSeconds(20) };
        deleted.ValueOrThrow().ShouldBe("discarded");
        (await TextAsync(us, under)).ShouldBe("");
        var written = await SendAsync(us, new Write("new"), under);

        written.ValueOrThrow().ShouldBe("new");
        await eu.Runtime.DisposeAsync();
        await eu.StartAgainAsync();
        (await TextAsync(eu, new RequestOptions { Token = written.Token, Deadline = TimeSpan.FromSeconds(20) }))
            .ShouldBe("new");
        (await SendAsync(eu, new Write("er"))).Points.Single(p => p.Origin.Region == "eu").Sequence
            .ShouldBe(3ul, "numbers go on");
    }

    [Fact]
    public async Task Command_ThatDeletesAndIsRepeated_DeletesOnce()
    {
        await using var region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(),
            types: new EntityTypes([Drafts]));
        var once = new RequestOptions { IdempotencyKey = "k" };
        await SendAsync(region, new Write("old"));
        await SendAsync(region, new Discard(), once);
        await SendAsync(region, new Write("new"));

        (await SendAsync(region, new Discard(), once)).ValueOrThrow().ShouldBe("discarded");

        (await TextAsync(region)).ShouldBe("new");
    }

    [Theory]
    [InlineData(20, "later")] // the write is later than the deletion
    [InlineData(5, "")]
    public void State_WriteConcurrentToADeletion_StandsWhenItComesLaterInEveryOrderOfArrival(
        int writtenAt, string expected)
    {
        var first = EventOf(A, 1, 1, new Written("first"), VersionVector.Empty);
        var deletion = EventOf(B, 1, 10, Deletion.Instance, Saw((A, 1)));
        var write = EventOf(A, 2, writtenAt, new Written("later"), Saw((A, 1)));
        foreach (var arrived in (EventRecord[][])[[first, deletion, write], [first, write, deletion]])
        {
            var fold = new EntityFold(Drafts, "d");
            foreach (var e in arrived)
            {
                fold.Insert(e, Drafts.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span));
                _ = fold.State;
            }
            ((Draft)fold.State).Text.ShouldBe(expected);
            fold.AdvanceBase(_ => true);
            ((Draft)fold.State).Text.ShouldBe(expected);
        }
    }

    // Two regions carried out one command; between the two somebody wrote.
    [Fact]
    public void AdvanceBase_OverADeletionThatCountsElsewhereUnderItsKey_IsNotTakenForDeleted()
    {
        var fold = new EntityFold(Drafts, "d");
        EventRecord[] events =
        [
            EventOf(A, 1, 10, Deletion.Instance, VersionVector.Empty, "k"),
            EventOf(A, 2, 20, new Written("kept"), VersionVector.Empty),
            EventOf(B, 1, 30, Deletion.Instance, VersionVector.Empty, "k"),
        ];
        foreach (var e in events)
            fold.Insert(e, Drafts.Decode(e.PayloadName, e.PayloadVersion, e.Payload.Span));
        ((Draft)fold.State).Text.ShouldBe("kept");
        fold.EndsWithDeletion.ShouldBeFalse();

        fold.AdvanceBase(_ => true).ShouldBe(3);

        (fold.IsBaseDeleted, fold.EndsWithDeletion).ShouldBe((false, false));
        ((Draft)fold.State).Text.ShouldBe("kept");
    }

    [Fact]
    public void When_CommandDeletes_ShowsTheDeletionAndTheFirstState()
    {
        var draft = new EntityTest<Draft>().Given(new Written("old"));

        var result = draft.When(new Discard());

        result.Events.ShouldBe([Deletion.Instance]);
        result.State.ShouldBe(new Draft(""));
        draft.When(new Write("new")).State.ShouldBe(new Draft("new"));
    }

    [Theory]
    [InlineData(MergeStrategy.Crdt)]
    [InlineData(MergeStrategy.Custom)]
    public async Task Command_ThatDeletesWhatIsNotOrdered_FailsAndChangesNothing(MergeStrategy strategy)
    {
        var type = new EntityDefinition<Draft>().Named("draft").Merge(strategy)
            .State(_ => new Draft(""), DraftJson.Default.Draft)
            .Event("written", DraftJson.Default.Written, (draft, e) => new Draft(draft.Text + e.Text))
            .Command<Write, string>(DraftJson.Default.String, (_, write, _) => Effect
                .Persist(new Written(write.Text)).ThenReply<Draft, string>(draft => draft.Text))
            .Command<Discard, string>(DraftJson.Default.String, (_, _, _) => Effect
                .Delete(new Written("last")).ThenReply<Draft, string>(_ => "discarded"))
            .Build();
        await using var region = await TestRegion.StartAsync("eu", ["eu"], new NoPeers(),
            types: new EntityTypes([type]));
        await SendAsync(region, new Write("kept"));

        (await SendAsync(region, new Discard())).Failure!.Error.ShouldBe(ErrorCodes.InvalidEntityType);

        (await TextAsync(region)).ShouldBe("kept");
        type.Decode(Deletion.PayloadName, Deletion.PayloadVersion, []).ShouldBeNull("such an event parks the entity");
    }

    [Fact]
    public void Build_EventOfAReservedName_IsAMistake() => Should.Throw<PelagoException>(
        new EntityDefinition<Draft>().Named("draft").Merge(MergeStrategy.Ordered)
            .State(_ => new Draft(""), DraftJson.Default.Draft)
            .Event("$deleted", DraftJson.Default.Written, (draft, _) => draft).Build)
        .Failure.Message.ShouldContain("is reserved");

    private static EventRecord EventOf(
        Origin origin, ulong sequence, int milliseconds, object payload, VersionVector seen, string key = "")
    {
        var encoded = Drafts.Encode(payload);
        return new EventRecord
        {
            Entity = new EntityKey("draft", "d"), Origin = origin, Sequence = sequence,
            Vector = seen.With(origin, sequence), Timestamp = HybridTimestamp.At(milliseconds),
            PayloadName = encoded.Name, PayloadVersion = encoded.Version, Payload = encoded.Bytes,
            OriginPosition = sequence, IdempotencyKey = key,
        };
    }

    private static ValueTask<EntityReply<string>> SendAsync(
        TestRegion region, ICommand<string> command, RequestOptions? options = null)
        => region.Runtime.SendAsync(region.Runtime.Types.Of<Draft>(), "d", command, options ?? RequestOptions.Default,
            TestContext.Current.CancellationToken);

    private static async Task<string> TextAsync(TestRegion region, RequestOptions? options = null)
        => (await region.Runtime.ReadAsync(region.Runtime.Types.Of<Draft>(), "d", view => ((Draft)view.State).Text,
            options ?? RequestOptions.Default, TestContext.Current.CancellationToken)).ValueOrThrow();
}
