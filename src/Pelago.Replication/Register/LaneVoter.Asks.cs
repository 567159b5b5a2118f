using Pelago.Model;

namespace Pelago.Replication;

internal sealed partial class LaneVoter
{
    /// <summary>Takes a question: 1 a vote at all, 2 the ballot, 3 room, 4 the change, 5 durable, 6 the
    /// answer.</summary>
    public void Take(RegisterAskFrame ask, Action<RegisterAnswerFrame> answer)
    {
        // Of a newer configuration it will hear on the link.
        if (!Stands || ask.Ballot.Epoch > electorate.Epoch)
        {
            answer(SayAbsent(ask));
            return;
        }
        registers.TryGetValue(ask.Register, out var held);
        var state = held?.State ?? default;
        if (ask.Step != RegisterStep.Read)
        {
            if (ask.Ballot < state.Promised || ask.Ballot.Epoch < electorate.Epoch)
            {
                shell.Hit(Probe.RegisterOutbid);
                answer(Say(ask, RegisterVerdict.Outbid, state));
                return;
            }
            if (held is null && bytes + state.Weight > options.RegisterBytesPerLane)
            {
                answer(Say(ask, RegisterVerdict.Full, default));
                return;
            }
            held = Change(ask, held);
        }
        var said = Say(ask, RegisterVerdict.Yes, held?.State ?? default);
        if (held is null || held.IsDurable)
            answer(said);
        else
            KeepRegister(ask.Register, held, () => answer(said));
    }

    /// <summary>No vote, or not yet.</summary>
    public RegisterAnswerFrame SayAbsent(RegisterAskFrame ask) => Say(ask, RegisterVerdict.Absent, default);

    private Held Change(RegisterAskFrame ask, Held? held)
    {
        if (held is null)
        {
            registers[ask.Register] = held = new Held();
            bytes += held.State.Weight;
            AlarmWhenNearlyFull();
        }
        var before = held.State;
        var after = ask.Step == RegisterStep.Prepare ? before with { Promised = ask.Ballot }
            : new RegisterState(ask.Ballot, ask.Ballot, ask.Value);
        // The same again: a repeated frame.
        if (after.Promised == before.Promised && after.Accepted == before.Accepted && after.Heard == before.Heard)
            return held;
        bytes += after.Weight - before.Weight;
        held.State = after;
        held.Revision++;
        return held;
    }

    private RegisterAnswerFrame Say(RegisterAskFrame ask, RegisterVerdict verdict, RegisterState state)
        => new(ask.Request, verdict, state, electorate.Epoch, life, Lives);
}
