using Pelago.Cli;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Tests.Unit;

/// <summary>Which region's word counts when a change of the members is asked for: regions that are cut off remember
/// what was.</summary>
public sealed class MembersChangeTests
{
    private const string Gone = "sa-east-1";
    private readonly Dictionary<string, Func<bool, MembersView>?> answers = [];
    private readonly List<(string Region, bool Force)> asked = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Change_TheFirstKnowsNoSuchMember_IsAskedOfTheNextOne()
    {
        answers["us-east-1"] = _ => throw NotAMember();
        answers["eu-west-1"] = _ => Done("eu-west-1");

        (await RemoveAsync(force: false)).Region.ShouldBe("eu-west-1");
    }

    [Fact]
    public async Task Change_NobodyKnowsSuchAMember_IsRefused()
    {
        answers["us-east-1"] = answers["eu-west-1"] = _ => throw NotAMember();

        (await RefusedAsync(force: false)).Error.ShouldBe(ErrorCodes.NotAMember);
    }

    [Fact]
    public async Task Change_WhoeverAnswersKnowsNoSuchMemberAndAnotherIsSilent_IsNotRefusedForGood()
    {
        answers["us-east-1"] = _ => throw NotAMember();
        answers["eu-west-1"] = null;

        var failure = await RefusedAsync(force: false);

        failure.Error.ShouldBe(ErrorCodes.RegionNotReady);
        failure.Message.ShouldContain("eu-west-1");
        (await RefusedAsync(force: true)).Error.ShouldBe(
            ErrorCodes.NotAMember, "whoever insists is told what is known");
    }

    [Fact]
    public async Task Force_SomebodyReachesAMajority_IsNotUsed()
    {
        answers["us-east-1"] = _ => throw NoMajority();
        answers["eu-west-1"] = _ => Done("eu-west-1");

        (await RemoveAsync(force: true)).Region.ShouldBe("eu-west-1");
        asked.ShouldBe([("us-east-1", false), ("eu-west-1", false)]);
    }

    [Fact]
    public async Task Force_NobodyReachesAMajority_IsUsedWhereItWasAskedFirst()
    {
        answers["us-east-1"] = force => force ? Done("us-east-1") : throw NoMajority();
        answers["eu-west-1"] = _ => throw NoMajority();

        (await RefusedAsync(force: false)).Error.ShouldBe(ErrorCodes.NoQuorum);
        asked.Clear();
        (await RemoveAsync(force: true)).Region.ShouldBe("us-east-1");
        asked.ShouldBe([("us-east-1", false), ("eu-west-1", false), ("us-east-1", true)]);
    }

    [Fact]
    public async Task Change_AServiceReachesNoMajorityInTheFirst_IsAskedOfTheNextOne()
    {
        answers["us-east-1"] = _ => Done("us-east-1", new TroubleView(ErrorCodes.NoQuorum.Code, "No majority.", ""));
        answers["eu-west-1"] = _ => Done("eu-west-1");
        (await RemoveAsync(force: false)).Region.ShouldBe("eu-west-1");

        answers["eu-west-1"] = _ => throw NotAMember();
        (await RemoveAsync(force: false)).Services[0].Members!.Failure!.Code.ShouldBe(
            ErrorCodes.NoQuorum.Code, "what was done is shown, and what was not");
    }

    private async Task<Failure> RefusedAsync(bool force)
        => (await Should.ThrowAsync<PelagoException>(() => RemoveAsync(force))).Failure;

    private Task<MembersView> RemoveAsync(bool force)
    {
        RegionRecord[] regions = [.. answers.Keys.Append(Gone).Select(n => new RegionRecord(n, 0, 0, 0, 0, 0, 0))];
        var members = new GroupMembers(regions, Look, Ask);
        return members.ChangeAsync(new MembersChange("Remove", Gone, force), Stop);
    }

    private Task<MembersView> Look(RegionRecord region, CancellationToken stop) => answers[region.Name] is null
        ? throw new Failure(ErrorCodes.RegionNotReady, "It is down.").ToException()
        : Task.FromResult(Done(region.Name));

    private Task<MembersView> Ask(RegionRecord region, MembersChange change, CancellationToken stop)
    {
        asked.Add((region.Name, change.Force));
        return Task.FromResult(answers[region.Name]!(change.Force));
    }

    private static MembersView Done(string region, TroubleView? ofTheService = null)
    {
        var group = new GroupMembersView(3, Forced: false, Removed: false, UnsealedLanes: 0, []);
        return new MembersView(region, group,
            [new ServiceMembersView("demo", "bookstore", group with { Failure = ofTheService })]);
    }

    private static PelagoException NotAMember()
        => new Failure(ErrorCodes.NotAMember, $"Region '{Gone}' is no member of the group.").ToException();

    private static PelagoException NoMajority() => new Failure(ErrorCodes.NoQuorum, "No majority.").ToException();
}
