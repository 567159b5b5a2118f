using Pelago.Model;
using Pelago.Replication;
using static Pelago.Tests.Unit.Events;

namespace Pelago.Tests.Unit;

/// <summary>Entities that cannot take what comes: the others of their lane become final, and they do not.</summary>
public sealed class PassedOverTests
{
    private static readonly EntityKey Other = Enumerable.Range(0, 1_000).Select(i => new EntityKey("text", $"o{i}"))
        .First(e => e.Lane == Entity.Lane);

    private static readonly EventRecord Theirs = Write(B, 1, 9, "passed over", position: 1);

    // Two entities of a lane, one of which cannot be read when something of b comes; both others have all of it.
    private static TestKernel Owing(TestKernel kernel)
    {
        kernel.Write("mine"); // position 1
        kernel.Give(k => k.Submit(TestKernel.Command("other", Other), kernel.Now));
        (kernel.FailGroups, kernel.HoldLoads) = (true, true);
        kernel.Write("lost").FailGroups = false; // the entity is read again
        kernel.Linked(1, "b", 0).Linked(2, "c", 0).Receive(1, 1, Theirs);
        Pass(kernel, 6_000, fails: true);
        kernel.Owed.ShouldHaveSingleItem().Entity.ShouldBe(Entity, "else this shows nothing");
        Report(kernel, 1, B, 1);
        Report(kernel, 2, C, 0, new LaneHolding(Entity.Lane, B, 1));
        Pass(kernel, 1_000, fails: true);
        return kernel;
    }

    private static void Fetch(TestKernel kernel)
    {
        foreach (var link in new[] { 1, 2 })
        {
            foreach (var fetch in kernel.Sent<FetchFrame>(link).ToArray())
                kernel.Give(k => k.Received(link, new FetchedFrame(fetch.Request, [Theirs], More: false), kernel.Now));
        }
    }

    private static void Report(TestKernel kernel, long link, Origin of, ulong ownHead, params LaneHolding[] held)
        => kernel.Give(k => k.Received(link, new ReportFrame(Entity.Lane, of, ownHead,
            [new LaneHolding(Entity.Lane, A, 2), .. held]), kernel.Now));

    private static IEnumerable<EntityKey> Run(TestKernel kernel)
        => kernel.Asked.OfType<RunEffects>().Select(r => r.Final.Event.Entity).Distinct();

    /// <summary>Lets time pass, and answers what is asked of the journal; or one entity cannot be read.</summary>
    private static void Pass(TestKernel kernel, long milliseconds, bool fails)
    {
        for (; milliseconds > 0; milliseconds -= 100)
        {
            foreach (var load in kernel.Asked.OfType<LoadEntity>().ToArray())
            {
                kernel.Asked.Remove(load);
                if (fails && load.Entity == Entity)
                    kernel.Give(k => k.LoadFailed(Entity, new Failure(
                        ErrorCodes.JournalUnavailable, "The disk did not answer."), kernel.Now));
                else
                    kernel.Give(k => k.Loaded(Image(kernel, load.Entity), load.History, kernel.Now));
            }
            foreach (var read in kernel.Asked.OfType<ReadPage>().ToArray())
            {
                kernel.Asked.Remove(read);
                kernel.Give(k => k.PageRead(read.Request, Page(kernel, read.Lane), kernel.Now));
            }
            kernel.Idle(100, 1, 2);
        }
    }

    private static EntityImage Image(TestKernel kernel, EntityKey entity) => new(entity, null,
        [.. kernel.Appended.Where(e => e.Entity == entity).Select((e, i) => new EventRow(e, (ulong)i + 1, true))], []);

    private static LanePage Page(TestKernel kernel, int lane)
    {
        LaneRow[] rows = [.. kernel.Appended.Where(e => e.Entity.Lane == lane)
            .Select((e, i) => new LaneRow((ulong)i + 1, new EventRow(e, 1, e.Origin.Equals(A))))];
        return new LanePage(lane, [.. rows.Where(r => r.Row.Own)], (ulong)rows.Length, []);
    }
}
