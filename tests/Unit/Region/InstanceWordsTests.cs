using Pelago.Client;
using Pelago.Region;

namespace Pelago.Tests.Unit;

/// <summary>What a region keeps of the words of programs that are somebody else's.</summary>
public sealed class InstanceWordsTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Alarms_OfTwoInstances_AreOneAKind()
    {
        var kept = InstanceWords.Of([
            new AlarmView("Fork", 2, Noon, ["a", "b"], "old"), new AlarmView("ClockOff", 1, Noon, ["c"], "next"),
            new AlarmView("Fork", 3, Noon.AddHours(1), ["d", "a"], "new"),
        ]);

        kept.Select(k => (k.Kind, k.Count, k.LastAt, k.Next)).ShouldBe([
            ("Fork", 5, Noon.AddHours(1), "new"), ("ClockOff", 1, Noon, "next"),
        ]);
        kept[0].Texts.ShouldBe(["d", "a", "b"]);
    }

    [Fact]
    public void Alarms_Hostile_AreBoundedAndWithoutControlCharacters()
    {
        var texts = Enumerable.Range(0, 100).Select(i => $"{i}\u001b[2J\n" + new string('x', 100_000)).ToList();
        var kept = InstanceWords.Of([
            .. Enumerable.Range(0, 100)
                .Select(i => new AlarmView($"k{i}\n", long.MaxValue, Noon, [null!, .. texts], "")),
            null!,
        ]);

        kept.Count.ShouldBe(32);
        kept.ShouldAllBe(k => k.Texts.Count == 5 && k.Kind.EndsWith(' ')
            && k.Texts.All(t => t.Length == 2_000 && !t.Any(char.IsControl)));
    }
}
