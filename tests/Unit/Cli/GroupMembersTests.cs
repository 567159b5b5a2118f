using Pelago.Cli;
using Pelago.Client;

namespace Pelago.Tests.Unit;

public sealed class GroupMembersTests
{
    private static readonly MemberView Us = new("us-east-1", "Member", true, 0, 0);

    [Fact]
    public void Waiting_MemberEverywhere_IsThrough()
    {
        var view = View(Group(Member("Member")), Group(Member("Member")));
        GroupMembers.Waiting(view, "sa-east-1", "Member").ShouldBeNull();
        view.StateOf("sa-east-1").ShouldBe("Member");
        RegionsVerb.MembershipOf(view, "sa-east-1").State.ShouldBe("Member");
    }

    [Fact]
    public void Waiting_AServiceIsBehind_NamesItAndHowFarItIs()
    {
        var view = View(Group(Member("Member")), Group(Member("Joining", 7, 40)));
        GroupMembers.Waiting(view, "sa-east-1", "Member").ShouldBe("demo/bookstore holds 7 of 40 events");
        view.StateOf("sa-east-1").ShouldBe("Joining");
    }

    [Fact]
    public void Waiting_AServiceDoesNotKnowIt_IsNotThrough()
    {
        var view = View(Group(Member("Member")), Group());
        GroupMembers.Waiting(view, "sa-east-1", "Member").ShouldBe("demo/bookstore does not know it yet");
        view.StateOf("sa-east-1").ShouldBeNull();
        RegionsVerb.MembershipOf(view, "sa-east-1").State.ShouldBe("Changing");
    }

    [Fact]
    public void Waiting_NoInstanceAnswersOrOneRefuses_IsNotThrough()
    {
        GroupMembers.Waiting(View(Group(Member("Removed")), null), "sa-east-1", "Removed")
            .ShouldBe("demo/bookstore does not answer in us-east-1");
        var refused = Group(Member("Member")) with { Failure = new TroubleView("PLG5101", "No majority.", "") };
        GroupMembers.Waiting(View(Group(Member("Removed")), refused), "sa-east-1", "Removed")
            .ShouldBe("demo/bookstore: No majority.");
    }

    [Fact]
    public void Waiting_RemovedWhereItWasKnown_IsThrough()
    {
        // A service that began without it never had it.
        var view = View(Group(Member("Removed")), Group());
        GroupMembers.Waiting(view, "sa-east-1", "Removed").ShouldBeNull();
        RegionsVerb.MembershipOf(null, "sa-east-1").State.ShouldBe("Unknown");
        RegionsVerb.MembershipOf(view, "eu-west-9").State.ShouldBe("None");
    }

    [Fact]
    public void IsInSome_RegionThatWasHalfAddedOrHalfRemoved_TellsWhatIsLeftToDo()
    {
        (bool In, bool Out) Of(GroupMembersView own, GroupMembersView? service)
        {
            var view = View(own, service);
            return (GroupMembers.IsInSome(view, "sa-east-1"), GroupMembers.IsRemovedFromSome(view, "sa-east-1"));
        }

        Of(Group(), Group()).ShouldBe((false, false), "it was never added");
        Of(Group(Member("Joining")), Group()).ShouldBe((true, false));
        Of(Group(Member("Removed")), Group(Member("Member"))).ShouldBe((true, true));
        Of(Group(Member("Removed")), null).ShouldBe((false, true));
    }

    [Theory]
    [InlineData("Bad_Name", "PLG2001")]
    [InlineData("federation", "PLG1202")]
    [InlineData("sa-east-1", null)]
    public void WhyNot_Name_IsARegionsNameOrSaysWhyNot(string name, string? code)
        => RegionsAddVerb.WhyNot(name)?.Error.Code.ShouldBe(code);

    private static MemberView Member(string state, ulong held = 0, ulong wanted = 0)
        => new("sa-east-1", state, state == "Member", held, wanted);

    private static GroupMembersView Group(params MemberView[] others)
        => new(3, Forced: false, Removed: false, UnsealedLanes: 0, [Us, .. others]);

    private static MembersView View(GroupMembersView own, GroupMembersView? service)
        => new("us-east-1", own, [new ServiceMembersView("demo", "bookstore", service)]);
}
