using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>Replication when nothing goes wrong.</summary>
public sealed class NormalScenarios
{
    [Fact]
    public void Replicas_EachWrites_BothHoldBoth()
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Scene.Diary());
        scene.Done(scene.B, Scene.Diary());

        scene.Converge();

        scene.Lines(scene.A, Scene.Diary()).Length.ShouldBe(2);
        scene.Lines(scene.B, Scene.Diary()).Length.ShouldBe(2);
    }

    [Fact]
    public void Replicas_AllStopAndOneWritesAlone_ConvergeWhenTheOthersStart()
    {
        var scene = new Scene(3);
        scene.Done(scene.B, Scene.Diary());
        scene.Converge();
        foreach (var region in scene.Group.Regions)
            region.Stop();

        scene.A.Start();
        scene.Done(scene.A, Scene.Diary());
        scene.A.Stop();
        scene.B.Start();
        scene.C.Start();
        scene.Group.Run(2_000);

        scene.Converge();
        scene.Lines(scene.C, Scene.Diary()).Length.ShouldBe(2);
    }

    [Fact]
    public void Receiver_SourceWritesTwice_AppliesInOrderOnce()
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Scene.Diary(), "one");
        scene.Done(scene.A, Scene.Diary(), "two");
        scene.Converge();

        scene.Lines(scene.B, Scene.Diary()).ShouldBe(["1:one", "2:two"]);
    }

    [Fact]
    public void Receiver_StartsLate_GetsEachEventOnce()
    {
        var scene = new Scene(3, start: false);
        scene.A.Start();
        scene.B.Start();
        for (var i = 0; i < 50; i++)
            scene.Done(i % 2 == 0 ? scene.A : scene.B, Scene.Diary());

        scene.Converge();

        scene.Lines(scene.C, Scene.Diary()).Length.ShouldBe(50);
    }

    [Fact]
    public void Handlers_LookAround_SeeOriginConcurrencyAndRegions()
    {
        var scene = new Scene(2);
        CommandContext? seen = null;
        var plain = scene.Operation(Scene.Diary());
        var operation = plain with
        {
            Handle = (state, context) => TestTypes.Persist(plain.Lines)(state, seen = context),
        };
        var answer = scene.Begin(scene.B, operation);
        scene.RunUntil(() => answer.Value is not null, "the command");

        seen!.Region.ShouldBe(scene.B.Name);
        seen.Regions.ShouldBe(scene.Group.Members.Order(StringComparer.Ordinal));
        seen.EntityId.ShouldBe("d");
        scene.Converge(); // the diary's state is a digest of origin, sequence, timestamp and concurrency
    }

    [Theory]
    [InlineData("a/b c%2F")]
    [InlineData("日本語 🏝")]
    [InlineData("e\u0301")]
    public void Entity_UnusualId_ArrivesExactly(string id)
    {
        var scene = new Scene(2);
        scene.Done(scene.A, Scene.Diary(id));
        scene.Converge();

        scene.Group.Oracles.Of(scene.B).Entities.ShouldBe([Scene.Diary(id)]);
    }

    public static TheoryData<string> InvalidIds => ["", "..", "a\u0001", new string('é', 128)];

    [Theory]
    [MemberData(nameof(InvalidIds))]
    public void Entity_InvalidId_IsRefusedAndChangesNothing(string id)
    {
        var scene = new Scene(1);

        scene.Write(scene.A, Scene.Diary(id)).Failure!.Error.ShouldBe(ErrorCodes.InvalidEntityId);
        scene.TryRead(scene.A, Scene.Diary(id)).Failure!.Error.ShouldBe(ErrorCodes.InvalidEntityId);
        scene.Group.Oracles.Of(scene.A).Rows.ShouldBe(0);
    }

    [Fact]
    public void Entity_UnknownType_IsRefused()
    {
        var scene = new Scene(1);

        scene.Write(scene.A, new EntityKey("nothing", "x")).Failure!.Error.ShouldBe(ErrorCodes.UnknownEntityType);
    }

    [Fact]
    public void Batch_AsLargeAsACommandMayMake_ReachesTheOthers()
    {
        const int Lines = EventLimits.MaxBatchLength;
        var scene = new Scene(2);

        scene.Done(scene.A, Scene.Diary(), new string('x', EventLimits.MaxBatchBytes / Lines - 8), lines: Lines);

        scene.Converge();
        scene.Lines(scene.B, Scene.Diary()).Length.ShouldBe(Lines);
    }
}
