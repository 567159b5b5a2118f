using Pelago.Client;
using Pelago.Model;
using Pelago.Region;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

public sealed class MemberEndpointsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Members_RegionAddedAndRemoved_JoinsWithAnEmptyJournalAndIsRefusedAfterwards()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1", "eu-west-1");
        using var us = group.Regions[0].Client();
        await using var added = await LocalRegion.StartNewAsync(group.Federation, group.Regions, "sa-east-1");
        using var there = added.Client();
        (await there.GetMembersAsync(Stop)).Own.Epoch.ShouldBe(0ul, "nobody has added it yet");
        (await there.GetStatusAsync(Stop)).State.ShouldBe("Joining");
        await group.Federation.StopAsync(); // the rest is the regions' own affair

        (await AskAsync(us, "Add", "sa-east-1")).Own.Failure.ShouldBeNull();
        await Eventually.BeTrue(async () => (await us.GetMembersAsync(Stop)).StateOf("sa-east-1") == "Member",
            "it has joined");
        await there.WaitAsync("ready", v => v.State == "Ready", TimeSpan.FromSeconds(30), Stop);
        var again = await AskAsync(us, "Add", "sa-east-1");
        var members = await there.GetMembersAsync(Stop);
        var removed = await AskAsync(us, "Remove", "sa-east-1");
        await Eventually.BeTrue(async () => (await there.GetMembersAsync(Stop)).Own.Removed, "it hears of it");

        again.Own.Regions.Count.ShouldBe(3, "what is so already is done");
        members.Own.Regions.Select(r => (r.Region, r.State, r.Votes)).ShouldBe(
            [("eu-west-1", "Member", true), ("sa-east-1", "Member", true), ("us-east-1", "Member", true)]);
        removed.StateOf("sa-east-1").ShouldBe("Removed");
        await Eventually.BeTrue(async () => (await us.GetMembersAsync(Stop)).Own.UnsealedLanes == 0, "it is sealed");
        await group.Federation.StartAsync();
    }

    [Fact]
    public async Task Members_BadChange_SaysWhatIsWrongAndChangesNothing()
    {
        await using var group = await LocalGroup.StartAsync("us-east-1");
        using var us = group.Regions[0].Client();
        await Eventually.BeTrue(async () => (await us.GetMembersAsync(Stop)).Own.Regions[0].Votes, "it votes");

        (await RefusalAsync("Grow", "sa-east-1")).ShouldBe(ErrorCodes.InvalidField);
        (await RefusalAsync("Add", "Not A Name")).ShouldBe(ErrorCodes.InvalidName);
        (await RefusalAsync("Remove", "eu-west-9")).ShouldBe(ErrorCodes.NotAMember);
        (await RefusalAsync("Remove", "us-east-1")).ShouldBe(ErrorCodes.MembershipRefused);
        using var stranger = group.Regions[0].Client(token: "plg_somebody_else");
        (await Should.ThrowAsync<PelagoException>(() => stranger.GetMembersAsync(Stop))).Failure.Error.HttpStatus
            .ShouldBe(401);
        (await us.GetMembersAsync(Stop)).Own.Epoch.ShouldBe(1ul);

        async Task<ErrorCode> RefusalAsync(string change, string region)
            => (await Should.ThrowAsync<PelagoException>(() => AskAsync(us, change, region))).Failure.Error;
    }

    [Theory]
    [InlineData("us-east-1", 1ul, 1ul, false)] // one of the first, in a service that began with them
    [InlineData("sa-east-1", 2ul, 2ul, true)] // not among those with whom it began
    [InlineData("eu-west-1", 5ul, 3ul, true)] // it was, and has been removed and added since
    [InlineData("eu-west-1", 5ul, 7ul, false)] // it was back when the service was created
    public void Beginnings_Region_IsLaterThanAServiceThatBeganWithoutItOrBeforeItCameBack(
        string region, ulong since, ulong foundedIn, bool isLater)
    {
        string[] founders = ["eu-west-1", "us-east-1"];
        ServiceBeginnings.IsLater(region, founders, foundedIn, new GroupMember(region, since, true, false))
            .ShouldBe(isLater);
        ServiceBeginnings.IsLater(region, founders, foundedIn, null).ShouldBeTrue("it has not been told anything");
    }

    private static Task<MembersView> AskAsync(RegionClient region, string change, string name)
        => region.ChangeMembersAsync(new MembersChange(change, name, Force: false), Stop);
}
