using Pelago.Entities;
using Pelago.Replication;
using Pelago.Tests.Unit.Guide;

namespace Pelago.Tests.Unit.Entities;

/// <summary>Data types in the runtime, on real journals.</summary>
public sealed class ArticleReplicationTests
{
    private static readonly EntityTypes Types = new([EntityType.Of<Article>()]);

    [Fact]
    public async Task Lines_TypedInThreeRegionsDuringACut_StandWholeAndEqualAfterARestart()
    {
        var network = new TestNetwork(["ap", "eu", "us"]);
        await using var ap = await TestRegion.StartAsync("ap", network, types: Types);
        await using var eu = await TestRegion.StartAsync("eu", network, types: Types);
        await using var us = await TestRegion.StartAsync("us", network, types: Types);
        TestRegion[] regions = [ap, eu, us];
        network.Cut("ap");
        network.Cut("eu");
        foreach (var region in regions)
        {
            for (var i = 0; i < 30; i++)
                (await InsertAsync(region, i, $"{region.Name}{i}")).Failure.ShouldBeNull();
        }
        network.Heal("ap");
        network.Heal("eu");

        await Eventually.BeTrue(async () => await AreEqualAsync(regions, 90), "90 lines and equal digests everywhere");
        await eu.Runtime.DisposeAsync();
        await eu.StartAgainAsync();
        (await InsertAsync(eu, 90, "the end")).Failure.ShouldBeNull();
        await Eventually.BeTrue(async () => await AreEqualAsync(regions, 91), "one line more, after a restart");

        var lines = await LinesAsync(us);
        foreach (var region in regions)
        {
            var run = Enumerable.Range(0, 30).Select(i => $"{region.Name}{i}").ToList();
            lines.Skip(lines.ToList().IndexOf(run[0])).Take(30).ShouldBe(run);
        }
        lines[^1].ShouldBe("the end");
    }

    private static async Task<bool> AreEqualAsync(TestRegion[] regions, int lines)
    {
        var digests = await Task.WhenAll(regions.Select(r => new DigestScan(r.Runtime)
            .SlicesAsync(null, TestContext.Current.CancellationToken)));
        return (await LinesAsync(regions[0])).Count == lines && digests.All(d => d.SequenceEqual(digests[0]));
    }

    private static ValueTask<EntityReply<int>> InsertAsync(TestRegion region, int index, string text)
        => region.Runtime.SendAsync(Types.Of<Article>(), "a", new InsertLine(index, text), RequestOptions.Default,
            TestContext.Current.CancellationToken);

    private static async Task<IReadOnlyList<string>> LinesAsync(TestRegion region)
        => (await region.Runtime.ReadAsync(Types.Of<Article>(), "a",
            view => (IReadOnlyList<string>)[.. ((Article)view.State).Lines.Items], RequestOptions.Default,
            TestContext.Current.CancellationToken)).ValueOrThrow();
}
