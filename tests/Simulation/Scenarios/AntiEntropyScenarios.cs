using System.Buffers;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What the ordinary course cannot notice, and comparing in the background does.</summary>
public sealed class AntiEntropyScenarios
{
    private static readonly SearchValues<byte> Hexadecimal = SearchValues.Create("0123456789abcdef"u8);

    [Fact]
    public void SetBack_WithItsGuardAndWrittenToUnheard_EverythingIsEverywhereAndForksAreQuarantined()
    {
        var scene = new Scene(3);
        scene.Group.Oracles.Book.ForksAllowed = true;
        scene.Group.Oracles.Fatal.ExceptWith([AlarmKind.Fork, AlarmKind.EventsMended]);
        // All in one lane: then the writes after the restore hide that positions were given twice.
        var (kept, lost, onlyLost, forked, fresh)
            = (Scene.Diary("kept"), SameLane("lost"), SameLane("only lost"), SameLane("forked"), SameLane("new"));
        foreach (var entity in (EntityKey[])[kept, lost, forked])
            scene.Done(scene.A, entity, "common");
        scene.Converge();
        scene.A.Stop();
        var restored = scene.Group.Clone(scene.A, withGuard: true, takesTheAddress: false);
        restored.Stop();
        scene.A.Start();
        var point = scene.Done(scene.A, lost, "lost");
        scene.Done(scene.A, forked, "first");
        scene.Done(scene.A, onlyLost, "lost");
        scene.Converge();

        scene.A.Kill();
        scene.Group.Clones.Remove(restored);
        scene.Group.Regions[0] = restored;
        scene.Group.Network.Listen(restored.Name, () => restored);
        scene.Group.Network.Isolate(restored.Name);
        restored.Start();
        scene.Done(restored, forked, "second").Origin.ShouldBe(point.Origin, "else this shows nothing");
        scene.Done(restored, fresh, "new");
        for (var i = 0; i < 10; i++)
            scene.Done(restored, kept, "kept");
        scene.Group.Network.Heal();

        scene.RunUntil(() => AreEqual(scene, kept, lost, onlyLost, fresh), "the same events everywhere", 200_000);
        foreach (var region in scene.Group.Regions)
            scene.RunUntil(() => IsQuarantined(region, forked), $"the fork in {region.Name}", 200_000);
        scene.Lines(restored, lost)[1].ShouldEndWith(":lost");
        scene.Lines(restored, forked)[1].ShouldEndWith(":second", customMessage: "nothing is repaired");
        scene.Lines(scene.B, forked)[1].ShouldEndWith(":first");
        scene.Lines(scene.B, fresh).ShouldHaveSingleItem();
        scene.Group.Count(Probe.MissingFetched).ShouldBePositive();
        scene.Done(scene.B, lost);
        scene.Write(scene.C, forked).Failure!.Error.ShouldBe(ErrorCodes.EntityForked);
    }

    [Fact]
    public void Missing_WhatTheOrdinaryCourseBrings_IsNotFetched()
    {
        var scene = new Scene(3, o => o with { MissingAfterMilliseconds = 300, CompareMilliseconds = 50 });
        scene.Done(scene.A, Scene.Diary());
        scene.Converge();
        // C is shown by B what it takes from there two seconds later.
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        for (var i = 0; i < 20; i++)
            scene.Done(scene.A, Scene.Diary());

        scene.RunUntil(() => scene.Group.Count(Probe.MissingExplained) > 0, "a look at what is on its way");
        scene.Converge(); // an alarm about events that were mended ends the run
        scene.Group.Count(Probe.MissingFetched).ShouldBe(0);
    }

    [Fact]
    public void Snapshot_ThatDoesNotAgreeWithItsEvents_IsFoldedAgainAndStaysRight()
    {
        var scene = new Scene(2, o => o with { SnapshotRows = 3 });
        scene.Group.Oracles.Fatal.Remove(AlarmKind.StateMended);
        for (var i = 0; i < 10; i++)
        {
            scene.Done(scene.A, Scene.Diary());
            scene.Converge();
        }
        scene.Group.Run(5_000);
        scene.B.Kill();
        var stored = scene.B.Disk.State.Entities[Scene.Diary()];
        stored.Snapshot = stored.Snapshot! with { Content = OtherState(stored.Snapshot.Content.ToArray()) };
        scene.B.Start();

        scene.RunUntil(() => scene.B.Alarms.Exists(a => a.Kind == AlarmKind.StateMended), "the alarm", 100_000);
        scene.Read(scene.B, Scene.Diary()).State.ShouldBe(scene.Read(scene.A, Scene.Diary()).State);
        scene.Group.Run(2_000);
        scene.B.Kill();
        scene.B.Start();
        scene.Read(scene.B, Scene.Diary()).State.ShouldBe(scene.Read(scene.A, Scene.Diary()).State);
    }

    [Fact]
    public void States_ThatDifferOfTheSameEvents_AreNamedInBothRegions()
    {
        var scene = new Scene(2, start: false);
        scene.Group.Oracles.Fatal.Remove(AlarmKind.StatesDiffer);
        var other = new TextType("diary", MergeStrategy.Ordered, () => 1UL,
            (state, _, _) => Folded.To((ulong)state + 1), state => $"{state:x16}", _ => 1UL);
        var types = new Dictionary<string, IEntityType>(TestTypes.All) { ["diary"] = other };
        var b = new SimulatedRegion(scene.Group, scene.B.Name, scene.B.Disk, () => types, scene.Group.Dice.Fork());
        scene.Group.Regions[1] = b;
        scene.Group.Network.Listen(b.Name, () => b);
        scene.Group.Start();
        scene.Done(scene.A, Scene.Diary("odd"));

        foreach (var region in scene.Group.Regions)
        {
            scene.RunUntil(() => region.Alarms.Exists(a => a.Kind == AlarmKind.StatesDiffer
                && a.Text.Contains("diary/odd", StringComparison.Ordinal)), $"the alarm in {region.Name}", 100_000);
        }
    }

    [Fact]
    public void Group_ThatNobodyWritesTo_ComparesNothingAnyMore()
    {
        var scene = new Scene(3);
        for (var i = 0; i < 20; i++)
            scene.Done(scene.Group[i % 3], Scene.Diary($"{i}"));
        scene.Converge();
        scene.Group.Run(120_000);
        var compared = scene.Group.Count(Probe.DigestsCompared);
        compared.ShouldBeGreaterThan(20);
        scene.Group.Run(600_000);
        scene.Group.Count(Probe.DigestsCompared).ShouldBe(compared);
    }

    private static EntityKey SameLane(string id) => Enumerable.Range(0, 10_000).Select(i => Scene.Diary($"{id} {i}"))
        .First(e => e.Lane == Scene.Diary("kept").Lane);

    private static bool AreEqual(Scene scene, params EntityKey[] entities) => entities.All(entity => scene.Group.Regions
        .Select(r => EntityDigest.Of(entity, scene.Events(r, entity), 0, null).Events).Distinct()
        .Count() == 1);

    private static bool IsQuarantined(SimulatedRegion region, EntityKey entity)
        => region.Disk.Conflicts.Any(c => c.Kind == ConflictKind.Fork && c.Entity == entity);

    // The state is the only part of a diary's snapshot that consists of sixteen hexadecimal digits.
    private static byte[] OtherState(byte[] content)
    {
        for (var i = 0; i + 16 <= content.Length; i++)
        {
            if (!content.AsSpan(i, 16).ContainsAnyExcept(Hexadecimal))
            {
                content[i] = (byte)(content[i] == '0' ? '1' : '0');
                return content;
            }
        }
        throw new InvalidOperationException("The snapshot holds no state.");
    }
}
