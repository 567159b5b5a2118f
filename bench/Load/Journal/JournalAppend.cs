using System.Diagnostics;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Bench.Load;

/// <summary>The journal alone: sealed rows of random entities over all lanes, in groups of one size, each acknowledged
/// before the next.</summary>
public static class JournalAppend
{
    /// <summary>Appends and measures each group.</summary>
    public static async Task<Figures> RunAsync(
        JournalStore store, string directory, int rows, int rowsPerGroup, int payloadBytes, int entities,
        CancellationToken cancellationToken)
    {
        await using var journal = await store(directory, cancellationToken);
        var origin = new Origin("us-east-1", Incarnation.Create(1, new byte[10]));
        await journal.OpenIncarnationAsync(origin, cancellationToken);
        var epochs = new uint[EntityKey.Lanes];
        for (var lane = 0; lane < epochs.Length; lane++)
            epochs[lane] = (await journal.AcquireLaneAsync(lane, cancellationToken)).Epoch;
        var writer = new Groups(origin, epochs, entities, payloadBytes);
        var commits = new List<double>(rows / rowsPerGroup);
        var elapsed = TimeSpan.Zero;
        for (var written = 0; written < rows; written += rowsPerGroup)
        {
            var group = writer.Next(rowsPerGroup); // making events is the runtime's cost, not the journal's
            var began = Stopwatch.GetTimestamp();
            var results = await journal.AppendAsync(group, cancellationToken);
            var took = Stopwatch.GetElapsedTime(began);
            elapsed += took;
            commits.Add(took.TotalMilliseconds);
            if (results.Any(r => r.Outcome != CommitOutcome.Committed))
                throw new InvalidOperationException("A group was not committed.");
        }
        return Figures.Of(rows, elapsed, commits);
    }

    private sealed class Groups(Origin origin, uint[] epochs, int entities, int payloadBytes)
    {
        private readonly Random random = new(1);
        private readonly ulong[] sequences = new ulong[entities];
        private readonly EntityKey[] keys =
            [.. Enumerable.Range(0, entities).Select(i => new EntityKey("cart", $"customer-{i}"))];
        private readonly byte[] payload = new byte[payloadBytes];
        private ulong time = 1;

        public List<LaneBatch> Next(int rows)
        {
            var batches = new List<LaneBatch>(rows);
            for (var i = 0; i < rows; i++)
            {
                var entity = random.Next(entities);
                var key = keys[entity];
                var sequence = ++sequences[entity];
                var e = new EventRecord
                {
                    Entity = key, Origin = origin, Sequence = sequence,
                    Vector = VersionVector.Empty.With(origin, sequence),
                    Timestamp = new HybridTimestamp(++time << 16), PayloadName = "item-added", Payload = payload,
                };
                batches.Add(new LaneBatch
                {
                    Lane = key.Lane, Epoch = epochs[key.Lane], Rows = [new EventRow(e, sequence, true)],
                });
            }
            return batches;
        }
    }
}
