using Pelago.Model;

namespace Pelago.Replication;

// The lease: asked for and granted.
internal sealed partial class Primaries
{
    private readonly SortedDictionary<long, LeaseQuestion> questions = [];
    private long lastAsked = long.MinValue / 2;
    private bool begun;

    /// <summary>A region asks whether this one has voted for later epochs.</summary>
    public void Take(PeerLink link, LeaseAskFrame ask)
    {
        TypeEpoch[] granted = [];
        if (ask.ConfigurationEpoch == context.Configuration.Epoch && ask.Milliseconds == Terms.Milliseconds
            && context.Closed is null)
            granted = [.. ask.Types.Where((t, i) => MayGrant(t) && !IsFormerProcess(link, ask, i)
                && (Recovery.IsWhole || !ask.WantsReports || HasStarted(t)))];
        TypeEpoch[] stopped = [.. ask.Types.Where(HasStopped)];
        if (ask.WantsReports && !kernel.Links.SendAllReports(link))
            (granted, stopped) = ([], []); // its word would be one about reports that were not sent
        context.Hit(granted.Length == ask.Types.Count ? Probe.LeaseGranted : Probe.LeaseRefused);
        context.Emit(new SendFrame(link.Id, new LeaseGrantFrame(ask.Request, granted, stopped)));
    }

    /// <summary>A voter has answered.</summary>
    public void Answered(PeerLink link, LeaseGrantFrame grant)
    {
        if (!questions.TryGetValue(grant.Request, out var question) || question.Link != link.Id)
            return; // it came too late
        questions.Remove(grant.Request);
        foreach (var (name, epoch) in question.Types)
        {
            if (Of(name) is not { } type || type.Record.Epoch != epoch || type.Record.Region != Own)
                continue; // it has moved meanwhile
            var hasStopped = grant.Stopped.Contains(new TypeEpoch(name, epoch));
            var isGranted = grant.Granted.Contains(new TypeEpoch(name, epoch));
            if (isGranted)
                Granted(type, link.Peer.Name, question.When, question.Epoch);
            else
                Refused(type, link.Peer.Name, hasStopped);
            // Who lacks what it had does not grant it to whoever asks for reports: its word is none about what was.
            if (question.WantsReports && !type.Record.IsStarted && (isGranted || hasStopped))
                TakeReports(type, link, question, hasStopped);
        }
    }

    // No vote for a later epoch, of a voter that knows what it voted. A build in which the type does not move does not
    // help to move it.
    private bool MayGrant(TypeEpoch asked)
    {
        var register = PrimaryRecord.RegisterOf(asked.Type);
        if (!context.ModeOf(asked.Type).Moves || !kernel.Registers.Stands(register))
            return false;
        return kernel.Registers.Heard(register) is not { } voted
            || (PrimaryCodec.Read(voted.Content.Span) is { } record && record.Epoch <= asked.Epoch);
    }

    // Of two processes of one region, a copy beside its original, the one whose vote is the later one.
    private bool IsFormerProcess(PeerLink link, LeaseAskFrame ask, int i) => i < ask.Lives.Count
        && ask.Lives[i] is { } life
        && kernel.Registers.IsFormerLife(PrimaryRecord.RegisterOf(ask.Types[i].Type), link.Peer.Name, life);

    // It was the primary, knows that it is none any more, also after a restart, and has nothing under way that it wrote
    // before it knew. Where it may lack what it confirmed, what it has is not all there is; and of another process, of
    // whose journal this one's may be a copy, it does not know.
    private bool HasStopped(TypeEpoch asked) => Recovery.IsWhole && !mayBeCopy && Of(asked.Type) is { } type
        && type.Record.Epoch == asked.Epoch && type.Record.Former == Own
        && !kernel.Lanes.Any(l => l.HasUnderWay(asked.Type, asked.Epoch));

    private bool HasStarted(TypeEpoch asked)
        => Of(asked.Type) is { Record.IsStarted: true } type && type.Record.Epoch == asked.Epoch;

    private void Granted(TypePrimary type, string voter, Moment when, ulong epoch)
    {
        type.Lease.Grant(voter, when, epoch);
        if (!IsLeased(type))
            return;
        if (!type.IsConfirmed && Recovery.IsWhole && IsOnlyProcess(type))
        {
            type.IsConfirmed = true;
            Dispatch(type);
        }
        foreach (var lane in kernel.Lanes)
            lane.ConfirmLeased();
    }

    // Where this journal is a copy, its original may run and have the lease. Once the vote of this one stands, so many
    // voters know its life that the original gets no lease any more, and the one that it has can be waited out.
    private bool IsOnlyProcess(TypePrimary type) => !mayBeCopy || kernel.Registers.LifeOn(type.Register) is null
        || (type.StandsSinceMilliseconds is { } since && Now - since >= Terms.WaitedMilliseconds);

    // A majority may have decided otherwise: the register tells. Who was the primary may run a build in which it is
    // that for good: nothing is taken from it while it says so.
    private void Refused(TypePrimary type, string voter, bool hasStopped)
    {
        type.IsDoubted = true;
        if (voter == type.Record.Former && !hasStopped)
            type.NotBeforeMilliseconds = Now + Terms.WaitedMilliseconds;
    }

    private void AskForLeases(List<TypePrimary> moving)
    {
        if (!begun)
        {
            begun = true;
            foreach (var type in types.Values)
                type.Begin(Now);
            SearchAgain();
        }
        var mine = moving.Where(t => t.Record.Region == Own).ToArray();
        if (mine.Length == 0)
            return;
        // Renewed with the heartbeat; sooner while somebody waits.
        var pause = Array.TrueForAll(mine, t => t.IsConfirmed && t.Record.IsStarted)
            ? context.Options.HeartbeatMilliseconds : Math.Max(1, context.Options.HeartbeatMilliseconds / 5);
        if (Now - lastAsked < pause)
            return;
        lastAsked = Now;
        foreach (var late in questions.Where(q => Now - q.Value.When.MonotonicMilliseconds > Terms.Milliseconds)
            .Select(q => q.Key).ToArray())
            questions.Remove(late);
        Ask(mine);
    }

    private void Ask(TypePrimary[] mine)
    {
        TypeEpoch[] asked = [.. mine.Select(t => new TypeEpoch(t.Type, t.Record.Epoch))];
        if (context.Configuration.Voters.Contains(Own))
        {
            foreach (var type in mine.Where(t => MayGrant(new TypeEpoch(t.Type, t.Record.Epoch))))
                Granted(type, Own, context.Now, context.Configuration.Epoch);
        }
        var wantsReports = Array.Exists(mine, t => !t.Record.IsStarted);
        foreach (var member in context.Others)
        {
            if (kernel.Links.Way(member) is not { } link || !kernel.Links.GrantsLeases(member))
                continue;
            var number = kernel.Links.NextRequest();
            questions.Add(number, new LeaseQuestion(
                link, asked, context.Now, context.Configuration.Epoch, wantsReports));
            context.Emit(new SendFrame(link, new LeaseAskFrame(
                number, Terms.Milliseconds, context.Configuration.Epoch, asked, wantsReports)
            {
                Lives = [.. mine.Select(t => kernel.Registers.LifeOn(t.Register))],
            }));
        }
    }

    private sealed record LeaseQuestion(
        long Link, IReadOnlyList<TypeEpoch> Types, Moment When, ulong Epoch, bool WantsReports);
}
