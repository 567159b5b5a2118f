using System.IO.Pipelines;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Tests.Unit.Guide;
using Pelago.Tests.Unit.Testing;

namespace Pelago.Tests.Unit.Entities;

public sealed class ReplicationTests
{
    [Fact]
    public async Task Write_InOneRegion_IsSeenInTheOtherUnderItsToken()
    {
        var network = new TestNetwork(["eu", "us"]);
        await using var eu = await TestRegion.StartAsync("eu", network);
        await using var us = await TestRegion.StartAsync("us", network);
        var written = await eu.NoteAsync("a", "hello");
        written.Failure.ShouldBeNull();
        var read = await us.WordsAsync("a", Under(written, seconds: 20));
        read.ValueOrThrow().ShouldBe("hello");
    }

    [Fact]
    public async Task Read_UnderATokenOfARegionThatIsCutOff_FailsAtTheDeadline()
    {
        var network = new TestNetwork(["eu", "us"]);
        await using var eu = await TestRegion.StartAsync("eu", network);
        await using var us = await TestRegion.StartAsync("us", network);
        var first = await eu.NoteAsync("a", "one");
        await us.WordsAsync("a", Under(first, seconds: 20));
        network.Cut("eu");
        var second = await eu.NoteAsync("a", "two");
        second.Failure.ShouldBeNull("a region that is cut off goes on writing");
        (await us.WordsAsync("a", Under(second, seconds: 0.3))).Failure!.Error.ShouldBe(ErrorCodes.TokenNotReached);
        network.Heal("eu");
        (await us.WordsAsync("a", Under(second, seconds: 20))).ValueOrThrow().ShouldBe("one two");
    }

    [Fact]
    public async Task Write_OfATypeThatAnotherRegionIsThePrimaryOf_IsCarriedOutThereAndReadThere()
    {
        var network = new TestNetwork(["eu", "us"]);
        var types = new EntityTypes([EntityType.Of<Turnstile>()]);
        await using var eu = await TestRegion.StartAsync("eu", network, types: types);
        await using var us = await TestRegion.StartAsync("us", network, types: types);
        var (type, cancelled) = (types.Of<Turnstile>(), TestContext.Current.CancellationToken);
        var patient = new RequestOptions { Deadline = TimeSpan.FromSeconds(20) };
        // Links come up meanwhile; a command with a key may be repeated.
        await Eventually.BeTrue(async () => (await us.Runtime.SendAsync(type, "t", new Pass("ada"),
            patient with { IdempotencyKey = "first" }, cancelled)).Failure is null, "the first pass");

        var second = await us.Runtime.SendAsync(type, "t", new Pass("bob"), patient, cancelled);
        second.ValueOrThrow().ShouldBe(2);
        second.Points.ShouldHaveSingleItem().Origin.Region.ShouldBe("eu");
        (await us.Runtime.ReadAsync(type, "t", view => ((Turnstile)view.State).Passed, patient with
        {
            AtPrimary = true,
        }, cancelled)).ValueOrThrow().ShouldBe(2);
        network.Cut("eu");
        // Until the cut is noticed a command may be under way, and is said to be unknown.
        await Eventually.BeTrue(async () => (await us.Runtime.SendAsync(type, "t", new Pass("cleo"), patient,
            cancelled)).Failure?.Error == ErrorCodes.PrimaryUnreachable, "a refusal");
        network.Heal("eu");
    }

    [Fact]
    public async Task Primary_ThatMoves_IsAskedForAndTakesCommandsAndReads()
    {
        var network = new TestNetwork(["eu", "us"]);
        var types = new EntityTypes([EntityType.Of<Booth>()]);
        await using var eu = await TestRegion.StartAsync("eu", network, types: types);
        await using var us = await TestRegion.StartAsync("us", network, types: types);
        var (type, cancelled) = (types.Of<Booth>(), TestContext.Current.CancellationToken);
        var patient = new RequestOptions { Deadline = TimeSpan.FromSeconds(20) };
        await Eventually.BeTrue(async () => (await eu.Runtime.SendAsync(type, "b", new Pass("ada"),
            patient with { IdempotencyKey = "first" }, cancelled)).Failure is null, "the first pass");

        var moved = await us.Runtime.RequestPrimaryAsync(type, TimeSpan.FromSeconds(20), cancelled);
        (moved.Epoch, moved.Failure).ShouldBe((1u, null));

        (await us.Runtime.SendAsync(type, "b", new Pass("bob"), patient, cancelled)).ValueOrThrow().ShouldBe(2);
        var third = await eu.Runtime.SendAsync(type, "b", new Pass("cleo"), patient with
        {
            IdempotencyKey = "third",
        }, cancelled);
        (third.ValueOrThrow(), third.Points.ShouldHaveSingleItem().Origin.Region).ShouldBe((3, "us"));
        (await eu.Runtime.ReadAsync(type, "b", view => ((Booth)view.State).Passed, patient with
        {
            AtPrimary = true,
        }, cancelled)).ValueOrThrow().ShouldBe(3);
    }

    [Fact]
    public async Task Write_OfATypeWithALevel_WaitsForAnotherRegionUnlessItAsksForLess()
    {
        var network = new TestNetwork(["eu", "us"]);
        var types = new EntityTypes([EntityType.Of<Deed>()]);
        await using var eu = await TestRegion.StartAsync("eu", network, types: types);
        await using var us = await TestRegion.StartAsync("us", network, types: types);
        (await SignAsync(eu, new RequestOptions { Deadline = TimeSpan.FromSeconds(20) })).ValueOrThrow().ShouldBe(1);
        network.Cut("us");
        var late = new RequestOptions { Deadline = TimeSpan.FromSeconds(0.3), IdempotencyKey = "k" };

        var reply = await SignAsync(eu, late);

        reply.Failure!.Error.ShouldBe(ErrorCodes.NotAcknowledged);
        reply.Points.ShouldHaveSingleItem("the token names the write all the same").Sequence.ShouldBe(2ul);
        (await SignAsync(eu, late with { Acknowledgement = Acknowledgement.Local })).ValueOrThrow().ShouldBe(2);
        network.Heal("us");
        (await SignAsync(eu, late with { Deadline = TimeSpan.FromSeconds(20) })).ValueOrThrow().ShouldBe(2);

        static ValueTask<EntityReply<int>> SignAsync(TestRegion region, RequestOptions options)
            => region.Runtime.SendAsync(region.Runtime.Types.Of<Deed>(), "a", new Sign(), options,
                TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Writes_OfThreeRegionsAtOnce_EndInEqualDigests()
    {
        var network = new TestNetwork(["ap", "eu", "us"]);
        await using var ap = await TestRegion.StartAsync("ap", network);
        await using var eu = await TestRegion.StartAsync("eu", network);
        await using var us = await TestRegion.StartAsync("us", network);
        TestRegion[] regions = [ap, eu, us];
        var writes = regions.SelectMany(r => Enumerable.Range(0, 100)
            .Select(i => r.NoteAsync($"e{i % 10}", $"{r.Name}{i}").AsTask()));
        foreach (var reply in await Task.WhenAll(writes))
            reply.Failure.ShouldBeNull();
        await Eventually.BeTrue(async () =>
        {
            var digests = await Task.WhenAll(regions.Select(r => new DigestScan(r.Runtime)
                .SlicesAsync(null, TestContext.Current.CancellationToken)));
            return digests.All(d => d.Sum(s => (long)s.Events.Count) == 300 && d.SequenceEqual(digests[0]));
        }, "equal digests of 300 events in three regions");
    }

    [Fact]
    public async Task Peer_ThatSaysHelloAndThenReadsNothing_IsLetGo()
    {
        await using var us = await TestRegion.StartAsync("us", new TestNetwork(["eu", "us"]));
        var there = new Pipe();
        var back = new Pipe(new PipeOptions(pauseWriterThreshold: 2, resumeWriterThreshold: 1));
        var served = us.Runtime.AcceptAsync(
            "eu", new Duplex(there.Reader, back.Writer), TestContext.Current.CancellationToken);
        new FrameWriter().Write(
            new HelloFrame("eu", Guid.Empty, new Incarnation(60), null, null, 1, new ulong[EntityKey.Lanes], []),
            there.Writer);
        await there.Writer.FlushAsync(TestContext.Current.CancellationToken);

        await served.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Status_OfTwoLiveRegions_NamesThePeerAsLive()
    {
        var network = new TestNetwork(["eu", "us"]);
        await using var eu = await TestRegion.StartAsync("eu", network);
        await using var us = await TestRegion.StartAsync("us", network);
        await Eventually.BeTrue(async () =>
        {
            var status = await eu.Runtime.DescribeAsync(TestContext.Current.CancellationToken);
            return status.Peers is [{ Peer: "us", State: "Live", Path: "direct" }]
                && status.Counts.ContainsKey("FinalityAdvanced");
        }, "us is live for eu, and its report has counted");
    }

    private static RequestOptions Under(EntityReply<int> reply, double seconds)
        => new() { Token = reply.Token, Deadline = TimeSpan.FromSeconds(seconds) };

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
