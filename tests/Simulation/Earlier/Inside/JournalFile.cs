using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Journal;
using Pelago.Replication;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Earlier;

/// <summary>What a simulated disk holds, written once more by this build's embedded journal, transaction by
/// transaction: a file as a service of this build leaves it.</summary>
internal static class JournalFile
{
    public static async Task Write(IReadOnlyList<DiskWrite> log, string folder)
    {
        var options = new JournalOptions
        {
            DataDirectory = Path.Combine(folder, "data"), GuardFile = Path.Combine(folder, "guard.json"),
        };
        var kek = new FileKeyEncryption(Path.Combine(folder, "kek.json"));
        await using var journal = await options.OpenAsync(kek, TimeProvider.System, NullLogger.Instance, default);
        foreach (var write in log)
        {
            if (write is LaneTaken taken)
                await journal.AcquireLaneAsync(taken.Lane, default);
            else if (write is LifeBegun begun)
                await journal.OpenIncarnationAsync(begun.Next, default);
            else if (write is GroupWritten group)
                await journal.AppendAsync([.. group.Batches.Select(AsHandedOver)], default);
        }
    }

    // The writer's own events have learned their positions since.
    private static LaneBatch AsHandedOver(LaneBatch b) => new()
    {
        Lane = b.Lane, Epoch = b.Epoch,
        Rows = [.. b.Rows.Select(r => r.Own ? r with { Event = Unplaced(r.Event) } : r)],
        Frontiers = b.Frontiers, Marks = b.Marks, Owed = b.Owed, Settled = b.Settled, Forgotten = b.Forgotten,
        Replies = b.Replies, Conflicts = b.Conflicts, Checkpoints = b.Checkpoints, Removed = b.Removed,
        Snapshots = b.Snapshots, Notes = b.Notes,
    };

    private static EventRecord Unplaced(EventRecord e) => new()
    {
        Entity = e.Entity, Origin = e.Origin, Sequence = e.Sequence, Vector = e.Vector, Timestamp = e.Timestamp,
        Epoch = e.Epoch, BatchIndex = e.BatchIndex, BatchLength = e.BatchLength, Tags = e.Tags,
        TraceParent = e.TraceParent, IdempotencyKey = e.IdempotencyKey, PayloadName = e.PayloadName,
        PayloadVersion = e.PayloadVersion, Payload = e.Payload,
    };
}
