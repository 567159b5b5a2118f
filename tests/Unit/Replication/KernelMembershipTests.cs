using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>What a kernel sends when it learns who its group is.</summary>
public sealed class KernelMembershipTests
{
    [Fact]
    public void Events_BeforeItIsDurableWhoTheGroupIs_AreNotAskedFor()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean, [], [], o => o with { ConfigurationEpoch = 0 })
            .Linked(1, "b", 0);
        kernel.HoldGroups = true;

        Tell(kernel, Group(2, new GroupMember("a", 2, IsVoter: false, IsJoining: true), Old("b"), Old("c")));
        kernel.Sent<SubscribeFrame>(1).ShouldBeEmpty("it died here, its journal would hold events of no group");
        kernel.HoldGroups = false;
        kernel.Commit();

        kernel.Kernel.Configuration.Epoch.ShouldBe(2ul);
        kernel.Sent<SubscribeFrame>(1).Select(s => s.Lane).Distinct().Count().ShouldBe(EntityKey.Lanes);
    }

    [Fact]
    public void Configuration_WithAMemberThatWasAddedAnew_EndsTheLinkToItsFormerProcess()
    {
        var kernel = new TestKernel(TestKernel.Three, Continuity.Clean).Linked(1, "b", 0).Linked(2, "c", 0);

        Tell(kernel, Group(3, Old("a"), Old("b"), new GroupMember("c", 3, IsVoter: false, IsJoining: true)));

        kernel.Sent<GoodbyeFrame>(2).ShouldHaveSingleItem().Reason.ShouldBe("removed");
        kernel.Sent<ConfigurationFrame>(2).ShouldNotBeEmpty("it learns that it was removed");
        kernel.Sent<GoodbyeFrame>(1).ShouldBeEmpty();
    }

    private static void Tell(TestKernel kernel, Configuration configuration)
        => kernel.Give(k => k.Received(1, new ConfigurationFrame(configuration), kernel.Now));

    private static GroupMember Old(string region) => new(region, 1, IsVoter: true, IsJoining: false);

    private static Configuration Group(ulong epoch, params GroupMember[] members) => new(epoch, members)
    {
        VotersBefore = TestKernel.Three,
    };
}
