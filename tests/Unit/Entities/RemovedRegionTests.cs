using Pelago.Model;
using Pelago.Replication;
using Pelago.Tests.Unit.Testing;

namespace Pelago.Tests.Unit.Entities;

/// <summary>A region that is removed while nobody reaches it, with the links of a service.</summary>
public sealed class RemovedRegionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Region_ThatWasCutOffWhenItWasRemoved_LearnsOfItAndTakesNoWrites()
    {
        var network = new TestNetwork(["ap", "eu", "us"]);
        await using var ap = await TestRegion.StartAsync("ap", network);
        await using var eu = await TestRegion.StartAsync("eu", network);
        await using var us = await TestRegion.StartAsync("us", network);
        foreach (var region in new[] { ap, eu, us })
        {
            await Eventually.BeTrue(async () => (await region.Runtime.DescribeAsync(Cancelled)).Counts
                .GetValueOrDefault(nameof(Probe.VoterStands)) >= EntityKey.Lanes, "all vote");
        }
        network.Cut("eu");
        (await us.Runtime.ChangeMembersAsync(MembershipChange.Remove, "eu", force: false, Patience, Cancelled))
            .Failure.ShouldBeNull();
        (await eu.NoteAsync("a", "blind")).Failure.ShouldBeNull("it cannot know yet");

        network.Heal("eu");

        await Eventually.BeTrue(async () => (await eu.NoteAsync("a", "late")).Failure?.Error
            == ErrorCodes.RegionRemoved, "it is told, and takes no writes");
        (await us.NoteAsync("a", "here")).Failure.ShouldBeNull("the others go on");
    }
}
