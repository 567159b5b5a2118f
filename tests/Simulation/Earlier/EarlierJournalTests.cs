using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>An embedded journal that the earlier build has written is opened by this one, on a real disk.</summary>
public sealed class EarlierJournalTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("pelago-earlier-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task File_OfTheEarlierBuild_IsOpenedWhole()
    {
        var scene = new Scene(3, EarlierRun.Options, start: false);
        var earlier = scene.Group.RunEarlierBuild(scene.A);
        scene.Group.Start();
        for (var i = 0; i < 12; i++)
        {
            foreach (var region in scene.Group.Regions)
            {
                scene.Done(region, Scene.Diary(), key: $"{region.Name} {i}", lines: 2);
                scene.Done(region, new EntityKey("stock", "s"), "3");
            }
        }
        earlier.Kill();
        earlier.Start();
        scene.Done(earlier, Scene.Diary());
        scene.Converge();
        earlier.Stop();
        await earlier.StoreAsync(folder);

        var options = new JournalOptions
        {
            DataDirectory = Path.Combine(folder, "data"), GuardFile = Path.Combine(folder, "guard.json"),
        };
        await using var journal = await options.OpenAsync(new FileKeyEncryption(Path.Combine(folder, "kek.json")),
            TimeProvider.System, NullLogger.Instance, Token);
        journal.Identity.Continuity.ShouldBe(Continuity.Clean, journal.Identity.Reason);
        journal.Identity.Incarnation.ShouldBe(earlier.Disk.State.Incarnation);
        var report = await journal.CheckAsync(null, Token);
        report.Damage.ShouldBeEmpty();
        report.Rows.ShouldBe(earlier.Disk.State.Lanes.Sum(l => l.Rows.Count));
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
            Compare(await journal.AcquireLaneAsync(lane, Token), earlier.Disk.State.Lanes[lane]);
        foreach (var stored in earlier.Disk.State.Entities.Values)
            Compare(await journal.LoadAsync(stored.Key, Token), stored);
    }

    private static void Compare(LaneState found, StoredLane stored)
    {
        (found.Head, found.OwnHead, found.Epoch).ShouldBe((stored.Head, stored.OwnHead, stored.Epoch + 1));
        found.Frontiers.ShouldBe(stored.Frontiers.Values, ignoreOrder: true);
        found.Owed.ShouldBe(stored.Owed.Values, ignoreOrder: true);
        found.Notes.Select(n => (n.Name, Convert.ToHexString(n.Content.Span)))
            .ShouldBe(stored.Notes.Values.Select(n => (n.Name, Convert.ToHexString(n.Content.Span))),
                ignoreOrder: true);
    }

    private static void Compare(EntityImage found, StoredEntity stored)
    {
        found.Damage.ShouldBeNull();
        found.Snapshot?.LocalSequence.ShouldBe(stored.Snapshot!.LocalSequence);
        found.Snapshot?.Content.Span.SequenceEqual(stored.Snapshot!.Content.Span).ShouldBeTrue();
        var rows = stored.Rows.Where(r => r.LocalSequence > (stored.Snapshot?.LocalSequence ?? 0)).ToArray();
        found.Rows.Count.ShouldBe(rows.Length);
        foreach (var (row, other) in found.Rows.Zip(rows))
        {
            row.LocalSequence.ShouldBe(other.LocalSequence);
            row.Event.HasSameContent(other.Event).ShouldBeTrue($"{row.Event} is as it was written");
            row.Event.OriginPosition.ShouldBe(other.Event.OriginPosition);
        }
        found.Replies.Select(r => r.IdempotencyKey).ShouldBe(stored.Replies.Keys, ignoreOrder: true);
    }
}
