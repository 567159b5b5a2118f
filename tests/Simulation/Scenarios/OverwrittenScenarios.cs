using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Writes to last-writer-wins values that were overwritten unseen: in the ledger of every region, once. The
/// oracle compares all ledgers with what all events together give (<see cref="LedgerOracle"/>).</summary>
public sealed class OverwrittenScenarios
{
    private static readonly EntityKey Book = new("book", "b");

    [Fact]
    public void Writes_InAPartition_NoteTheLastOfTheSideThatLost()
    {
        var scene = new Scene(3);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Group.Network.Cut(scene.A.Name, scene.C.Name);
        for (var i = 0; i < 5; i++)
            scene.Done(scene.A, Book, $"ta{i}");
        for (var i = 0; i < 5; i++)
            scene.Done(scene.B, Book, $"tb{i}");
        Noted(scene.A).ShouldBeEmpty("nothing is final yet");
        scene.Converge();

        var lost = Noted(scene.A).Single();
        (lost.Origin.Region, lost.Sequence).ShouldBe((scene.A.Name, 5ul), "it replaced the four before itself");
        lost.Reason.ShouldBe($"'title' was overwritten by {scene.B.Name}#1, whose author had not seen it");
        foreach (var region in scene.Group.Regions)
            Noted(region).Select(c => (c.Origin, c.Sequence, c.Reason))
                .ShouldBe([(lost.Origin, lost.Sequence, lost.Reason)], region.Name);
    }

    [Fact]
    public void Writes_OfDifferentFields_LoseNothing()
    {
        var scene = new Scene(2);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.A, Book, "ttitle");
        scene.Done(scene.B, Book, "aauthor");
        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => !Noted(r).Any());
    }

    [Fact]
    public void Writes_TakingTurns_LoseNothing()
    {
        var scene = new Scene(2);
        for (var i = 0; i < 6; i++)
        {
            var (here, there) = i % 2 == 0 ? (scene.A, scene.B) : (scene.B, scene.A);
            var point = scene.Done(here, Book, $"t{i}");
            scene.RunUntil(() => scene.Knows(there, point), "the event in the other region");
        }
        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => !Noted(r).Any());
    }

    [Fact]
    public void Writes_FoundWhileTheDiskIsFull_AreHandedToTheJournalOnce()
    {
        var scene = new Scene(2);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.A, Book, "tone");
        scene.Done(scene.B, Book, "ttwo");
        scene.Group.Network.Heal();
        scene.RunUntil(() => scene.Events(scene.A, Book).Count == 2, "both events");
        scene.A.Disk.Full = true;
        scene.Group.Run(60_000);
        var (entered, others) = (new List<ConflictRecord>(), scene.A.Disk.Written);
        scene.A.Disk.Written = batches =>
        {
            others?.Invoke(batches);
            entered.AddRange(batches.SelectMany(b => b.Conflicts));
        };
        scene.A.Disk.Full = false;
        scene.Converge();

        entered.ShouldHaveSingleItem().Kind.ShouldBe(ConflictKind.Overwritten);
    }

    [Fact]
    public void Loser_OfSomethingWrittenAgainSince_IsNotedAllTheSame()
    {
        var scene = new Scene(2);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.A, Book, "tone");
        scene.Done(scene.B, Book, "ttwo");
        scene.Converge();
        var before = Noted(scene.A).Single();
        for (var i = 0; i < 200; i++)
            scene.Done(scene.A, Book, $"t{i}");
        scene.Converge();

        Noted(scene.A).Single().ShouldBe(before, "and is not noted again");
    }

    [Fact]
    public void Loser_ProcessesDiedBeforeItWasFinal_IsFoundAfterTheRestartAlthoughNobodyWritesAgain()
    {
        var scene = new Scene(3);
        scene.Group.Network.Cut(scene.A.Name, scene.B.Name);
        scene.Done(scene.A, Book, "tone");
        scene.Done(scene.B, Book, "ttwo");
        scene.C.Kill(); // what it has not confirmed is not final
        scene.Group.Network.Heal();
        scene.RunUntil(() => scene.Events(scene.A, Book).Count == 2 && scene.Events(scene.B, Book).Count == 2, "both");
        scene.A.Kill();
        scene.B.Kill();
        scene.Group.Regions.ShouldAllBe(r => !Noted(r).Any());
        scene.Converge();

        scene.Group.Regions.ShouldAllBe(r => Noted(r).Count() == 1);
    }

    private static IEnumerable<ConflictRecord> Noted(SimulatedRegion region)
        => region.Disk.Conflicts.Where(c => c.Kind == ConflictKind.Overwritten);
}
