using System.Security.Cryptography;
using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication;
using Pelago.Replication.Stored;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>What a hostile member could put in the place of a subject's events.</summary>
public sealed class SubjectSnapshotTests
{
    private const long Link = 7;
    private static readonly EntityKey Subject = SubjectType.KeyOf("patient-4711");

    [Theory]
    [InlineData("{\"forgotten\":false,\"keys\":[{\"key\":\"zz\",\"region\":\"b\"}]}")]
    [InlineData("{\"forgotten\":false,\"keys\":null}")]
    [InlineData("{\"forgotten\":false,\"keys\":[null]}")]
    [InlineData("{\"forgotten\":false,\"keys\":[]}")]
    public void Snapshot_OfASubject_IsNeverTaken(string state)
    {
        var kernel = new TestKernel(["a", "b"], Continuity.Clean, [], [], null)
            .Linked(Link, "b", holds: 0, givesKeys: true);
        Offer(kernel, Subject, Checkpoint(state));

        kernel.Checkpoints.ShouldBeEmpty();
        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.SnapshotRefused && a.Text.Contains("removes rows"));
        kernel.Write();
        kernel.Appended.ShouldHaveSingleItem("the instance goes on").Entity.ShouldBe(Entity);
    }

    [Theory]
    [InlineData("zz", "b")]
    [InlineData("00000000000000000000000000000001", "No Region")]
    [InlineData("00000000000000000000000000000001", null)]
    [InlineData(null, "b")]
    public void Checkpoint_OfASubjectThatNoFoldMakes_ParksItAtTheLoadAndNothingElse(string? key, string? region)
    {
        var kernel = new TestKernel(["a", "b"], Continuity.Clean, [], [], o => o with
        {
            Secrets = bytes => bytes.AsSpan().Fill(7),
        });
        kernel.Checkpoints[Subject] = new EntityCheckpoint(Subject, 1, Checkpoint(
            $"{{\"forgotten\":false,\"keys\":[{{\"key\":{Json(key)},\"region\":{Json(region)}}}]}}"));
        kernel.Give(k => k.Submit(KernelSubjectTests.Sealing(Entity, Subject.Id), kernel.Now));

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure!.Error
            .ShouldBe(ErrorCodes.EntityParked);
        kernel.Give(k => k.Submit(KernelSubjectTests.Sealing(Entity, "somebody-else"), kernel.Now));
        kernel.Asked.OfType<CommandDone>().Last().Result.Failure.ShouldBeNull();

        static string Json(string? text) => text is null ? "null" : $"\"{text}\"";
    }

    [Fact]
    public void Deletion_OfASubject_DoesNotBringBackWhatWasForgotten()
    {
        var kernel = new TestKernel(["a", "b"], Continuity.Clean, [], [], o => o with
        {
            Secrets = bytes => bytes.AsSpan().Fill(7),
        }).Linked(Link, "b", holds: 0, givesKeys: true);
        kernel.Receive(Link, 2, OfSubject(1, "subject-forgotten", "{}"), OfSubject(2, Deletion.PayloadName, ""));
        kernel.Give(k => k.Submit(KernelSubjectTests.Sealing(Entity, Subject.Id), kernel.Now));

        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure!.Error
            .ShouldBe(ErrorCodes.SubjectForgotten);
        kernel.Wait(1_000);
        kernel.Conflicts.ShouldHaveSingleItem().Kind.ShouldBe(ConflictKind.RefusedByFold);
    }

    [Fact]
    public void Snapshot_ThatALoadCouldNotRestore_IsNotTaken()
    {
        var kernel = new TestKernel(["a", "b"], Continuity.Clean, [], [], null).Linked(Link, "b", holds: 0);
        var good = Checkpoint("one ");
        var twice = Stored(good);
        for (var first = 1ul; first <= 2; first++)
            twice.Prefix.BaseKeys.Add(new StoredKey { Key = "k", FirstSequence = first, Timestamp = 1 });
        Offer(kernel, Entity, twice.ToByteArray());

        kernel.Checkpoints.ShouldBeEmpty();
        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.SnapshotRefused);
        kernel.Idle(120_000, Link);
        Answer(kernel, good);
        kernel.Checkpoints.ShouldContainKey(Entity, "what can be restored is taken");
    }

    // As a peer sends it: which entity's rows are gone, and what stands for them when it is asked.
    private static void Offer(TestKernel kernel, EntityKey entity, byte[] content)
    {
        kernel.Give(k => k.Received(
            Link, new CompactedFrame(entity.Lane, B, [new CompactedEntity(entity, 1, 1)]), kernel.Now));
        kernel.Idle(2_000, Link);
        Answer(kernel, content);
    }

    private static void Answer(TestKernel kernel, byte[] content)
    {
        var fetch = kernel.Sent<FetchFrame>(Link).Last();
        kernel.Give(k => k.Received(Link, new SnapshotPartFrame(
            fetch.Request, content.Length, 0, content, SHA256.HashData(content)), kernel.Now));
    }

    private static Checkpoint Stored(byte[] content) => Pelago.Replication.Stored.Checkpoint.Parser.ParseFrom(content);

    private static byte[] Checkpoint(string state)
    {
        var at = HybridTimestamp.At(1_001).Value;
        var prefix = new Snapshot
        {
            Format = 1, BaseVersion = 1, BaseCount = 1, BaseState = ByteString.CopyFromUtf8(state),
            HighestTimestamp = at, BaseLast = new StoredPlace { Sequence = 1, Timestamp = at },
        };
        prefix.Origins.Add(new StoredOrigin
        {
            Region = "b", Incarnation = ByteString.CopyFrom(B.Incarnation.ToBytes()),
        });
        prefix.Seen.Add(new StoredSlot { Count = 1 });
        prefix.BaseVector.Add(new StoredSlot { Count = 1 });
        var checkpoint = new Checkpoint { Format = 1, Prefix = prefix, EventSum = ByteString.CopyFrom(new byte[32]) };
        checkpoint.Positions.Add(new StoredSlot { Count = 1 });
        return checkpoint.ToByteArray();
    }

    private static EventRecord OfSubject(ulong sequence, string name, string payload) => new()
    {
        Entity = Subject, Origin = B, Sequence = sequence, Vector = Saw((B, sequence)),
        Timestamp = HybridTimestamp.At(1_000 + (long)sequence), PayloadName = name,
        Payload = System.Text.Encoding.UTF8.GetBytes(payload), OriginPosition = sequence,
    };
}
