using Pelago.Entities;
using Pelago.Replication;

namespace Pelago.Tests.Unit.Entities;

/// <summary>What stays of the kernel's alarms.</summary>
public sealed class AlarmMemoryTests
{
    private readonly AlarmMemory memory = new(TimeProvider.System);

    [Fact]
    public void Keep_TheSameTextAgain_IsCountedAndNotRepeated()
    {
        foreach (var text in new[] { "one", "two", "one" })
            memory.Keep(AlarmKind.EventsLost, text);

        var alarm = memory.Known.Single();
        (alarm.Kind, alarm.Count).ShouldBe(("EventsLost", 3));
        alarm.Texts.ShouldBe(["one", "two"]);
    }

    [Fact]
    public void Keep_ManyLongTexts_IsBounded()
    {
        foreach (var kind in Enum.GetValues<AlarmKind>())
        {
            for (var i = 0; i < 100; i++)
                memory.Keep(kind, $"{i} " + new string('x', 100_000));
        }

        memory.Known.Select(a => a.Kind).ShouldBe(Enum.GetNames<AlarmKind>());
        memory.Known.ShouldAllBe(a => a.Count == 100 && a.Texts.Count == 5 && a.Texts.All(t => t.Length < 1_100));
        memory.Known[0].Texts[0].ShouldStartWith("99 ");
    }

    [Fact]
    public void Keep_EveryKind_SaysWhatToDoUnlessNothingHasToBeDone()
    {
        foreach (var kind in Enum.GetValues<AlarmKind>())
            memory.Keep(kind, "text");

        memory.Known.Where(a => a.Next.Length == 0).Select(a => a.Kind).ShouldBe(["NewIncarnation", "Parked"]);
        memory.Known.Where(a => a.Next.Contains("pelago verify", StringComparison.Ordinal)).Select(a => a.Kind)
            .ShouldBe(["Superseded", "OwnEventBeyondSeen", "Fork", "StatesDiffer"]);
    }
}
