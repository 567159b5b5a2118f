using System.Text;
using Pelago.Journal;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Conformance;

/// <summary>Events and batches for tests.</summary>
public static class Sample
{
    /// <summary>An origin of a region's numbered life.</summary>
    public static Origin Origin(string region, int life)
        => new(region, Incarnation.Create(1_700_000_000_000 + life, [1, 2, 3, 4, 5, 6, 7, 8, 9, (byte)life]));

    /// <summary>This journal's origin in its first life.</summary>
    public static readonly Origin Here = Origin("us-east-1", 1);

    /// <summary>Another region's origin.</summary>
    public static readonly Origin There = Origin("eu-west-1", 1);

    /// <summary>An entity whose key has the lane asked for.</summary>
    public static EntityKey Key(int lane, int number = 0)
    {
        for (var i = 0; ; i++)
        {
            var key = new EntityKey("cart", $"customer-{number}-{i}");
            if (key.Lane == lane)
                return key;
        }
    }

    /// <summary>A key of a subject; the same for the same number.</summary>
    public static SubjectKey SubjectKeyOf(string subject, byte number)
    {
        var key = Enumerable.Repeat(number, SubjectKey.KeyBytes).ToArray();
        return new SubjectKey(SubjectType.KeyOf(subject), SubjectKeyId.Of(subject, key), key);
    }

    /// <summary>A key of some subject of a lane.</summary>
    public static SubjectKey SubjectKeyIn(int lane) => Enumerable.Range(0, 1_000)
        .Select(i => SubjectKeyOf($"person-{i}", 9)).First(k => k.Subject.Lane == lane);

    /// <summary>An event of this journal.</summary>
    public static EventRow Own(EntityKey key, ulong local, ulong sequence, string payload = "payload",
        Origin? origin = null)
        => new(Event(key, origin ?? Here, sequence, 0, payload), local, true);

    /// <summary>An event received from elsewhere.</summary>
    public static EventRow Received(EntityKey key, ulong local, ulong sequence, ulong position, Origin? origin = null)
        => new(Event(key, origin ?? There, sequence, position, $"from afar {position}"), local, false);

    /// <summary>An event with every field filled.</summary>
    public static EventRecord Event(EntityKey key, Origin origin, ulong sequence, ulong position, string payload)
        => new()
    {
        Entity = key, Origin = origin, Sequence = sequence,
        Vector = VersionVector.From(
            [new(origin, sequence), new(Origin("ap-southeast-1", 3), 70_000)], [new(Origin("sa-east-1", 9), 80_000)]),
        Timestamp = new HybridTimestamp(0x018B_CFE5_6800_0000 + sequence), Epoch = 7, BatchIndex = 1, BatchLength = 3,
        Tags = ["first tag", "étiquette"], TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        IdempotencyKey = $"key-{sequence}", PayloadName = "item-added", PayloadVersion = 2,
        Payload = Encoding.UTF8.GetBytes(payload), OriginPosition = position,
        Regions = EntityFilter.InEpoch(3).Only("eu-west-1", "us-east-1").Except("us-east-1"),
    };

    /// <summary>A batch of rows.</summary>
    public static LaneBatch Batch(LaneState lane, params EventRow[] rows)
        => new() { Lane = lane.Lane, Epoch = lane.Epoch, Rows = rows };

    /// <summary>Appends one batch and expects it to be committed.</summary>
    public static async Task<LaneCommit> AppendAsync(this IJournal journal, LaneBatch batch)
    {
        var results = await journal.AppendAsync([batch], TestContext.Current.CancellationToken);
        results.Count.ShouldBe(1);
        results[0].Outcome.ShouldBe(CommitOutcome.Committed);
        return results[0];
    }

    /// <summary>Takes a lane.</summary>
    public static ValueTask<LaneState> AcquireAsync(this IJournal journal, int lane)
        => journal.AcquireLaneAsync(lane, TestContext.Current.CancellationToken);

    /// <summary>Loads an entity.</summary>
    public static ValueTask<EntityImage> ImageAsync(this IJournal journal, EntityKey key)
        => journal.LoadAsync(key, TestContext.Current.CancellationToken);

    /// <summary>Reads a lane to its end, in pages of the given size.</summary>
    public static async Task<List<LaneRow>> ReadAllAsync(
        this IJournal journal, int lane, ulong after = 0, LaneFilter? filter = null, int pageRows = 7)
    {
        var rows = new List<LaneRow>();
        while (true)
        {
            var page = await journal.ReadLaneAsync(
                lane, after, filter, pageRows, 1_000_000, TestContext.Current.CancellationToken);
            page.Rows.Count.ShouldBeLessThanOrEqualTo(pageRows);
            page.Damaged.ShouldBeEmpty();
            rows.AddRange(page.Rows);
            if (page.Through == after)
                return rows;
            after = page.Through;
        }
    }

    /// <summary>Fails unless two events are the same in every field.</summary>
    public static void ShouldBeSame(this EventRecord read, EventRecord written, ulong originPosition)
    {
        read.Entity.ShouldBe(written.Entity);
        read.Origin.ShouldBe(written.Origin);
        read.Sequence.ShouldBe(written.Sequence);
        read.Vector.ShouldBe(written.Vector);
        read.Timestamp.ShouldBe(written.Timestamp);
        read.Epoch.ShouldBe(written.Epoch);
        read.BatchIndex.ShouldBe(written.BatchIndex);
        read.BatchLength.ShouldBe(written.BatchLength);
        read.Tags.ShouldBe(written.Tags);
        read.TraceParent.ShouldBe(written.TraceParent);
        read.IdempotencyKey.ShouldBe(written.IdempotencyKey);
        read.PayloadName.ShouldBe(written.PayloadName);
        read.PayloadVersion.ShouldBe(written.PayloadVersion);
        read.Payload.ToArray().ShouldBe(written.Payload.ToArray());
        read.OriginPosition.ShouldBe(originPosition);
        read.Regions.ShouldBe(written.Regions);
    }
}
