using Pelago.Model;
using Pelago.Sdk.Testing;

namespace Pelago.Tests.Unit.Testing;

/// <summary>What clients asked of one counter and were told, with the times between which each request was open.
/// </summary>
internal sealed class CounterHistory
{
    private readonly List<Operation> operations = [];

    /// <summary>Passes and reads that were answered.</summary>
    public int Answered => operations.Count(o => o.Value is not null);

    /// <summary>What the others were told, and how many of them.</summary>
    public string Failures => string.Join(", ", operations.Where(o => o.Code.Length > 0)
        .CountBy(o => (o.IsRead ? "read " : "") + o.Code).Select(c => $"{c.Key}: {c.Value}"));

    /// <summary>Passes of which nobody knows whether they were carried out.</summary>
    public int Unknown => operations.Count(o => !o.IsRead && o.Value is null && o.MayHaveHappened);

    public void Pass(PelagoWorld world, PendingReply<int> pending)
        => Begin(world, pending, isRead: false, passed => passed);

    public void Read(PelagoWorld world, PendingReply<Turnstile> pending)
        => Begin(world, pending, isRead: true, state => state.Passed);

    public void Read(PelagoWorld world, PendingReply<Booth> pending)
        => Begin(world, pending, isRead: true, state => state.Passed);

    private void Begin<T>(PelagoWorld world, PendingReply<T> pending, bool isRead, Func<T, int> value)
    {
        var operation = new Operation(isRead, world.Elapsed);
        operations.Add(operation);
        if (pending.IsDone)
            Done(pending.Reply);
        else
            pending.Took = Done;

        void Done(Pelago.Entities.EntityReply<T> reply)
        {
            operation.End = world.Elapsed;
            operation.Code = reply.Failure?.Error.Code ?? "";
            if (reply.Failure is null)
                operation.Value = value(reply.Value!);
            else
                operation.MayHaveHappened = reply.Failure.Error != ErrorCodes.PrimaryUnreachable
                    && reply.Failure.Error != ErrorCodes.NoReadyInstance;
        }
    }

    public void Check()
    {
        operations.ShouldAllBe(o => o.End > TimeSpan.Zero, "every request is answered");
        var passes = operations.Where(o => !o.IsRead).ToArray();
        var known = passes.Where(p => p.Value is not null).ToArray();
        known.Select(p => p.Value!.Value).ShouldBeUnique();
        foreach (var one in operations.Where(o => o.Value is not null))
        {
            var before = operations.Where(o => o.Value is not null && o.End < one.Begin).ToArray();
            var least = before.Length == 0 ? 0 : before.Max(o => o.Value!.Value);
            // Its own number is above all before it; a read may show the same once more.
            one.Value!.Value.ShouldBeGreaterThanOrEqualTo(one.IsRead ? least : least + 1,
                $"{one} was answered although {least} was told before it began");
            var most = passes.Count(p => p.Begin <= one.End && (p.Value is not null || p.MayHaveHappened));
            one.Value.Value.ShouldBeLessThanOrEqualTo(most, $"{one} counts a pass that nobody had asked for");
        }
    }

    private sealed record Operation(bool IsRead, TimeSpan Begin)
    {
        public TimeSpan End { get; set; }
        public int? Value { get; set; }
        public bool MayHaveHappened { get; set; }
        public string Code { get; set; } = "";
    }
}
