using System.Text;
using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>A subject whose entity is parked: whether it was forgotten nobody knows, unless an event says so.</summary>
public sealed class ParkedSubjectTests
{
    private const long OfB = 7;
    private const long ToB = 8;
    private const string Subject = "patient-4711";
    private static readonly SubjectKey Key = KernelSubjectTests.KeyOf(Subject, 1);

    [Fact]
    public void Keys_OfAParkedSubject_AreKeptAndNotGivenToPeers()
    {
        var kernel = WithKey();
        Ask(kernel);
        kernel.Sent<SubjectKeysFrame>(ToB).ShouldHaveSingleItem();
        AskWhetherItIsHeld(kernel);
        kernel.Sent<SubjectKeysHeldFrame>(ToB).ShouldHaveSingleItem();
        KernelSubjectTests.Open(kernel, Key).ShouldBe("Ada");
        kernel.Receive(OfB, 2, Event(2, "of-a-later-version"));
        kernel.Alarms.ShouldContain(a => a.Kind == AlarmKind.Parked);

        Ask(kernel);
        AskWhetherItIsHeld(kernel);

        kernel.Sent<SubjectKeysHeldFrame>(ToB).ShouldHaveSingleItem("who counts on it here could be left without it");
        kernel.Sent<SubjectKeysFrame>(ToB).ShouldHaveSingleItem("it may have been forgotten");
        kernel.Sent<SubjectKeysLackingFrame>(ToB).ShouldBeEmpty();
        KernelSubjectTests.Open(kernel, Key).ShouldBe(nameof(Unreadable.Unclear));
        kernel.Batches.SelectMany(b => b.ForgottenSubjects).ShouldBeEmpty();
    }

    [Fact]
    public void Forgetting_OfAParkedSubject_DeletesItsKeys()
    {
        var kernel = WithKey().Receive(OfB, 2, Event(2, "of-a-later-version"));

        kernel.Receive(OfB, 3, Event(3, "subject-forgotten"));

        kernel.Batches.SelectMany(b => b.ForgottenSubjects).ShouldHaveSingleItem().ShouldBe(Key.Subject);
        kernel.Give(k => k.Submit(KernelSubjectTests.Sealing(Entity, Subject), kernel.Now));
        kernel.Asked.OfType<CommandDone>().ShouldHaveSingleItem().Result.Failure!.Error
            .ShouldBe(ErrorCodes.SubjectForgotten);
    }

    [Fact]
    public void Forgetting_OfASubjectWithADamagedRow_DeletesItsKeysAlthoughItsEventIsOwed()
    {
        var kernel = New();
        kernel.Damage = new Failure(ErrorCodes.JournalDamaged, "A row cannot be opened.", "Restore it.");

        kernel.Receive(OfB, 1, Event(1, "subject-forgotten"));

        kernel.Owed.ShouldHaveSingleItem().Entity.ShouldBe(Key.Subject);
        kernel.Batches.SelectMany(b => b.ForgottenSubjects).ShouldHaveSingleItem().ShouldBe(Key.Subject);
        kernel.Give(k => k.Read(new ReadRequest
        {
            Entity = Key.Subject, Project = view => SubjectType.StandingOf(view.State), DeadlineMilliseconds = 9_000,
        }, kernel.Now));
        kernel.Asked.OfType<ReadDone>().ShouldHaveSingleItem().Result.Value
            .ShouldBe(new SubjectStanding(0, IsForgotten: true), "whoever erases a subject asks for that");
    }

    private static TestKernel New() => new TestKernel(["a", "b"], Continuity.Clean, [], [], o => o with
    {
        Secrets = bytes => bytes.AsSpan().Fill(7),
    }).Linked(OfB, "b", holds: 0, givesKeys: true).Accepted(ToB, "b", givesKeys: true);

    private static TestKernel WithKey()
    {
        var kernel = New().Give(k => k.Received(
            OfB, new SubjectKeysFrame([Key]), new Moment(1_000_000, 1_000)));
        kernel.Receive(OfB, 1, KernelSubjectTests.Made(1, Key));
        kernel.Batches.SelectMany(b => b.SubjectKeys).ShouldHaveSingleItem();
        return kernel;
    }

    private static void Ask(TestKernel kernel) => kernel.Give(k => k.Received(
        ToB, new SubjectKeysAskFrame([new SubjectKeyName(Subject, Key.Id)]), kernel.Now));

    private static void AskWhetherItIsHeld(TestKernel kernel) => kernel.Give(k => k.Received(
        ToB, new SubjectKeysHeldAskFrame([new SubjectKeyName(Subject, Key.Id)]), kernel.Now));

    private static EventRecord Event(ulong sequence, string name) => new()
    {
        Entity = Key.Subject, Origin = B, Sequence = sequence, Vector = Saw((B, sequence)),
        Timestamp = HybridTimestamp.At(1_000 + (long)sequence), PayloadName = name,
        Payload = Encoding.UTF8.GetBytes("{}"), OriginPosition = sequence,
    };
}
