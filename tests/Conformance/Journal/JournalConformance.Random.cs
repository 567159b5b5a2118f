using System.Text;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Conformance.Sample;

namespace Pelago.Tests.Conformance;

/// <summary>Many groups of entities, with stops, crashes and readers in between, against a list in memory.</summary>
public abstract partial class JournalConformance
{
    private static readonly int[] Lanes = [2, 3, 17];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Journal_RandomGroupsStopsAndCrashes_HoldsWhatWasAcknowledged(int seed)
    {
        var random = new Random(seed);
        var keys = Lanes.SelectMany(lane => Enumerable.Range(0, 12).Select(i => Key(lane, i))).ToArray();
        var written = new List<(int Lane, EventRow Row)>();
        var counts = new Dictionary<EntityKey, ulong>();
        var journal = await BeginAsync();
        for (var start = 0; start < 5; start++)
        {
            var lanes = new Dictionary<int, LaneState>();
            foreach (var lane in Lanes)
                lanes[lane] = await journal.AcquireAsync(lane);
            for (var group = random.Next(1, 40); group > 0; group--)
            {
                var batches = new List<LaneBatch>();
                for (var i = random.Next(1, 9); i > 0; i--)
                {
                    var key = keys[random.Next(keys.Length)];
                    var next = counts[key] = counts.GetValueOrDefault(key) + 1;
                    var row = Own(key, next, next, $"{key.Id} {next}");
                    batches.Add(Batch(lanes[key.Lane], row));
                    written.Add((key.Lane, row));
                }
                var results = await journal.AppendAsync(batches, Cancelled);
                results.ShouldAllBe(r => r.Outcome == CommitOutcome.Committed);
            }
            await ShouldMatchAsync(journal, written, keys);
            if (random.Next(2) == 0)
                await journal.DisposeAsync();
            else
                await fixture.CrashAsync(journal);
            journal = await fixture.OpenAsync();
            await ShouldMatchAsync(journal, written, keys);
        }
        (await journal.CheckAsync(null, Cancelled)).Damage.ShouldBeEmpty();
        await journal.DisposeAsync();
    }

    [Fact]
    public async Task Readers_BesideTheWriter_SeePrefixesWithoutGaps()
    {
        await using var journal = await BeginAsync();
        var lane = await journal.AcquireAsync(3);
        var keys = Enumerable.Range(0, 5).Select(i => Key(3, i)).ToArray();
        var finished = false;
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            var (seen, last) = (0ul, new int[keys.Length]);
            while (!Volatile.Read(ref finished))
            {
                var page = await journal.ReadLaneAsync(3, seen, null, 50, 100_000, Cancelled);
                var expected = Enumerable.Range(1, page.Rows.Count).Select(i => seen + (ulong)i);
                page.Rows.Select(r => r.Position).ShouldBe(expected);
                seen = page.Through;
                for (var i = 0; i < keys.Length; i++)
                {
                    var image = await journal.ImageAsync(keys[i]);
                    image.Damage.ShouldBeNull();
                    image.Rows.Count.ShouldBeGreaterThanOrEqualTo(last[i]);
                    last[i] = image.Rows.Count;
                }
            }
        }, Cancelled)).ToArray();
        for (ulong i = 1; i <= 200; i++)
            await journal.AppendAsync(Batch(lane, [.. keys.Select(k => Own(k, i, i))]));
        Volatile.Write(ref finished, true);
        await Task.WhenAll(readers);
    }

    private static async Task ShouldMatchAsync(
        IJournal journal, List<(int Lane, EventRow Row)> written, EntityKey[] keys)
    {
        foreach (var lane in Lanes)
        {
            var rows = await journal.ReadAllAsync(lane, pageRows: 23);
            rows.Select(r => Text(r.Row)).ShouldBe(written.Where(w => w.Lane == lane).Select(w => Text(w.Row)));
            rows.Select(r => r.Position).ShouldBe(Enumerable.Range(1, rows.Count).Select(i => (ulong)i));
            rows.ShouldAllBe(r => r.Row.Event.OriginPosition == r.Position && r.Row.Own);
        }
        foreach (var key in keys)
        {
            var image = await journal.ImageAsync(key);
            image.Damage.ShouldBeNull();
            image.Rows.Select(Text).ShouldBe(written.Where(w => w.Row.Event.Entity == key).Select(w => Text(w.Row)));
        }
    }

    private static string Text(EventRow row)
        => $"{row.LocalSequence} {Encoding.UTF8.GetString(row.Event.Payload.Span)}";
}
