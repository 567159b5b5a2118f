using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>A region that asks for more keys than it may does not keep the others from being answered.</summary>
public sealed class RegionShareTests
{
    private const long OfB = 7;
    private const long ToB = 8;
    private const long AgainToB = 9;
    private const long ToC = 10;
    private const string Subject = "patient-4711";
    private static readonly SubjectKey Key = KernelSubjectTests.KeyOf(Subject, 1);

    [Fact]
    public void Keys_AskedForInAFloodOnTwoLinks_AreGivenToTheOtherRegion()
    {
        var kernel = WithKey();
        Flood(kernel, names => new SubjectKeysAskFrame(names));

        kernel.Give(k => k.Received(ToC, new SubjectKeysAskFrame([NameOf(Key)]), kernel.Now));

        kernel.Sent<SubjectKeysFrame>(ToC).ShouldHaveSingleItem();
    }

    [Fact]
    public void Keys_AskedAboutInAFloodOnTwoLinks_AreToldToTheOtherRegion()
    {
        var kernel = WithKey();
        Flood(kernel, names => new SubjectKeysHeldAskFrame(names));

        kernel.Give(k => k.Received(ToC, new SubjectKeysHeldAskFrame([NameOf(Key)]), kernel.Now));

        kernel.Sent<SubjectKeysHeldFrame>(ToC).ShouldHaveSingleItem();
    }

    [Fact]
    public void Keys_AskedAboutBeforeTheyCome_AreRememberedForTheOtherRegionDespiteAFlood()
    {
        var kernel = New(o => o with { MaxWantedSubjectKeys = 128, MaxServedSubjectKeys = 4_096 });
        kernel.Give(k => k.Received(OfB, new SubjectKeysFrame([Key]), kernel.Now));
        for (var i = 0; i < 8; i++)
            Ask(kernel, ToB, i, names => new SubjectKeysHeldAskFrame(names));

        kernel.Give(k => k.Received(ToC, new SubjectKeysHeldAskFrame([NameOf(Key)]), kernel.Now));
        kernel.Sent<SubjectKeysHeldFrame>(ToC).ShouldBeEmpty();
        kernel.Receive(OfB, 1, KernelSubjectTests.Made(1, Key));

        kernel.Sent<SubjectKeysHeldFrame>(ToC).ShouldHaveSingleItem();
    }

    [Fact]
    public void Keys_AskedAboutAgainAndAgain_AreRememberedAgainWhenTheFirstAreOver()
    {
        var kernel = New(o => o with { MaxWantedSubjectKeys = 128 });
        Ask(kernel, ToB, 0, names => new SubjectKeysHeldAskFrame(names));
        kernel.Idle(11_000, OfB, ToB, AgainToB, ToC);
        kernel.Give(k => k.Received(ToB, new SubjectKeysHeldAskFrame([NameOf(Key)]), kernel.Now));
        kernel.Give(k => k.Received(OfB, new SubjectKeysFrame([Key]), kernel.Now));
        kernel.Receive(OfB, 1, KernelSubjectTests.Made(1, Key));

        kernel.Sent<SubjectKeysHeldFrame>(ToB).ShouldHaveSingleItem();
    }

    private static TestKernel WithKey()
    {
        var kernel = New(o => o with { MaxServedSubjectKeys = 128 });
        kernel.Give(k => k.Received(OfB, new SubjectKeysFrame([Key]), kernel.Now));
        kernel.Receive(OfB, 1, KernelSubjectTests.Made(1, Key));
        return kernel;
    }

    private static TestKernel New(Func<KernelOptions, KernelOptions> adjust)
        => new TestKernel(TestKernel.Three, Continuity.Clean, [], [], adjust)
            .Linked(OfB, "b", holds: 0, givesKeys: true).Accepted(ToB, "b", givesKeys: true)
            .Accepted(AgainToB, "b", givesKeys: true).Accepted(ToC, "c", givesKeys: true);

    // None of them is read from the journal meanwhile.
    private static void Flood(TestKernel kernel, Func<IReadOnlyList<SubjectKeyName>, Frame> frame)
    {
        kernel.HoldLoads = true;
        for (var i = 0; i < 8; i++)
        {
            Ask(kernel, ToB, i, frame);
            Ask(kernel, AgainToB, 100 + i, frame);
        }
        kernel.Asked.OfType<LoadEntity>().Count().ShouldBe(64, "half of what may be read is a region's part");
    }

    private static void Ask(
        TestKernel kernel, long link, int part, Func<IReadOnlyList<SubjectKeyName>, Frame> frame)
        => kernel.Give(k => k.Received(link, frame([.. Enumerable.Range(0, 64)
            .Select(n => new SubjectKeyName($"s{part}-{n}", default))]), kernel.Now));

    private static SubjectKeyName NameOf(SubjectKey key) => new(key.Subject.Id, key.Id);
}
