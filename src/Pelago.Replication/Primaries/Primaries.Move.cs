using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>
/// <para>A move: 1 The register says that this region is to be the primary (a majority has to be reachable). 2 Whoever
/// was it is asked whether it has stopped; when it cannot be asked, its lease is waited out. 3 What it holds, or what a
/// majority holds after that, has to be here. 4 The register says that the epoch has started and, if the primary before
/// did not answer, where its epoch ended. 5 This region takes commands.</para>
/// <para>A region that dies in between leaves a record that has not started; another one takes over from there.</para>
/// </remarks>
internal sealed partial class Primaries
{
    private const int TryPauseMilliseconds = 500;
    private const int RegisterPatienceMilliseconds = 5_000;
    private readonly Queue<(RegisterRequest Asked, RegisterResult Result)> results = [];

    /// <summary>A register of ours is answered: looked at with the next tick, and not within the proposer.</summary>
    public void Decided(RegisterRequest request, RegisterResult result) => results.Enqueue((request, result));

    /// <summary>This region is to become the primary.</summary>
    private void Want(TypePrimary type)
    {
        if (type.IsWanted || type.Record.Region == Own)
            return;
        (type.IsWanted, type.NextTryMilliseconds) = (true, Now);
        context.Hit(Probe.PrimaryWanted);
    }

    private void Tend(TypePrimary type)
    {
        if (type.Asked is not null || type.Learned is not null || Now < type.NextTryMilliseconds)
            return;
        if (type.Record.Region == Own && !type.Record.IsStarted && !type.IsDoubted)
            TryStart(type);
        else if (type.IsDoubted || (type.IsWanted && MayWin(type)))
            Ask(type, null);
    }

    // Who asks for it and cannot hold the lease, or write down where the epoch before ended, would leave the type
    // without a primary.
    private bool MayWin(TypePrimary type)
    {
        if (!context.Configuration.Settled.Contains(Own) || !Recovery.IsWhole)
            return false; // it may lack what others have confirmed, or it itself
        var voters = context.Configuration.Voters;
        if (kernel.Links.Way(type.Record.Region) is null
            && PrimaryCodec.RoomLeft(type.Record) < PrimaryCodec.MaxEndBytes)
            return false;
        return voters.Count(v => v == Own || (kernel.Links.Way(v) is not null && kernel.Links.GrantsLeases(v)))
            > voters.Count / 2;
    }

    private void Ask(TypePrimary type, PrimaryRecord? next)
    {
        type.NextTryMilliseconds = Now + TryPauseMilliseconds;
        type.Asked = new RegisterRequest
        {
            Register = type.Register, Waiter = this, DeadlineMilliseconds = Now + RegisterPatienceMilliseconds,
            Change = next is null ? null : new RegisterChange(type.Version, PrimaryCodec.Write(next)),
        };
        kernel.Registers.Submit(type.Asked);
    }

    private void TakeResults()
    {
        while (results.TryDequeue(out var answer))
        {
            var type = types.Values.FirstOrDefault(t => t.Asked == answer.Asked);
            if (type is null)
                continue;
            type.Asked = null;
            Take(type, answer.Asked.Change is null, answer.Result);
        }
    }

    private void Take(TypePrimary type, bool wasRead, RegisterResult result)
    {
        if (result.Outcome is not (RegisterOutcome.Decided or RegisterOutcome.Mismatch))
        {
            type.IsDoubted |= result.Outcome == RegisterOutcome.Unknown; // it may have been decided all the same
            return;
        }
        type.Version = result.Value?.Version ?? 0;
        var known = result.Value is { } value ? PrimaryCodec.Read(value.Content.Span) : null;
        if (known?.IsNewerThan(type.Record) == true)
        {
            Learn(type, known);
            return;
        }
        type.IsDoubted = false;
        if (wasRead && type.IsWanted && type.Record.Region != Own)
            Ask(type, type.Record.Next(Own));
        else if (wasRead && type.Record.Region == Own && !type.Record.IsStarted)
            TryStart(type);
    }

    // Of whom was the primary, or of a majority after its lease: what they held when they answered has come before the
    // answer, on the same link.
    private void TakeReports(TypePrimary type, PeerLink link, LeaseQuestion question, bool hasStopped)
    {
        var isOver = question.When.MonotonicMilliseconds - type.SinceMilliseconds >= Terms.WaitedMilliseconds;
        if (!hasStopped && !(isOver && context.Configuration.Settled.Contains(link.Peer.Name)))
            return;
        // A report that leaves out lives which are not known to be past here was put aside, and its word is none yet:
        // once this region's first reports have arrived there, the next question brings one that names all.
        if (kernel.Lanes.Any(l => link.NotKnown[l.Lane] is not null || link.Peer.Reports[l.Lane] is null))
            return;
        type.HasFormerStopped |= hasStopped;
        type.Told.Add(link.Peer.Name);
        foreach (var lane in kernel.Lanes)
            type.Aim(lane.Lane, link.Peer.Reports[lane.Lane]!.Held);
    }

    // The register's version is read first: this process may not be the one that decided the record.
    private void TryStart(TypePrimary type)
    {
        if (Now < type.NotBeforeMilliseconds || !IsOldPrimaryDone(type)
            || !IsLeased(type)
            || !kernel.Lanes.All(l => type.Targets[l.Lane].All(t => l.Holds(t.Key) >= t.Value)))
            return;
        if (type.Version == 0)
        {
            Ask(type, null);
            return;
        }
        var end = type.HasFormerStopped || type.Record.Former == Own ? null : EndOf(type.Record);
        var next = type.Record.Started(kernel.NewestLife, end);
        context.Hit(end is null ? Probe.PrimaryHandedOver : Probe.PrimaryReplaced);
        Ask(type, next);
    }

    private bool IsOldPrimaryDone(TypePrimary type)
    {
        if (type.Record.Former == Own)
            return Recovery.IsWhole && !kernel.Lanes.Any(l => l.HasUnderWay(type.Type, type.Record.Epoch));
        var settled = context.Configuration.Settled;
        return type.HasFormerStopped || (Recovery.IsWhole && settled.Contains(Own)
            && Now - type.SinceMilliseconds >= Terms.WaitedMilliseconds
            && type.Told.Count(settled.Contains) + 1 > settled.Count / 2);
    }

    // Of the lives in which it was the primary, as far as they are known here; the first of these always.
    private EpochEnd EndOf(PrimaryRecord record)
    {
        var known = kernel.Lanes.SelectMany(
            l => l.Origins.Where(o => o.Region == record.Former && l.HighestHere(o) > 0));
        var lives = record.FormerLife is not { } first ? known.Distinct().Order().ToArray()
            : [.. known.Where(o => o.Incarnation.CompareTo(first) >= 0)
                .Append(new Origin(record.Former, first)).Distinct().Order()];
        return new EpochEnd(record.Former, record.Epoch,
            [.. lives.TakeLast(EpochEnd.MaxLives).Select(o => new LifeEnd(
                o.Incarnation, [.. kernel.Lanes.Select(l => l.Holds(o))]))],
            record.FormerLife is null && lives.Length <= EpochEnd.MaxLives);
    }
}
