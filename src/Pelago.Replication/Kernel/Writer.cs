using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Under which incarnation this instance writes.</summary>
/// <remarks>After a clean stop the newest incarnation goes on. After an unclean one it goes on only when every member,
/// having closed the streams of older sessions, has answered that it holds nothing beyond our heads; otherwise a new
/// one is opened before the first write. Nobody waits for the answers: unproven continuity costs a vector slot, never a
/// write.</remarks>
internal sealed class Writer
{
    private readonly KernelContext context;
    private readonly HashSet<string> answers = new(StringComparer.Ordinal);
    private State state;
    private string reason;

    public Writer(KernelContext context, JournalIdentity identity)
    {
        this.context = context;
        reason = identity.Reason;
        Newest = identity.Incarnation is { } incarnation ? new Origin(context.Options.Region, incarnation) : null;
        state = (Newest, identity.Continuity) switch
        {
            (null, _) => State.Wanted,
            (_, Continuity.Clean) => State.Open,
            (_, Continuity.Unclean) => State.Unproven,
            _ => State.Wanted, // at once, so that what the old one lost can come back as events of a closed incarnation
        };
        MayHaveLost = identity.Continuity != Continuity.Clean;
        WasRestored = identity is { Continuity: Continuity.Broken, Incarnation: not null };
        if (Newest is null)
            reason = "the journal is new";
        if (state == State.Unproven && context.Members.Count == 1)
            state = State.Open; // nobody else can hold anything
    }

    /// <summary>The journal may lack what this region once reported to hold: it was restored, or nobody
    /// knows.</summary>
    public bool MayHaveLost { get; }

    /// <summary>The journal was restored or copied, and not merely left behind by a process that died.</summary>
    public bool WasRestored { get; }

    private enum State { Open, Unproven, Wanted, Opening }

    /// <summary>The newest incarnation, open or not; null in a new journal.</summary>
    public Origin? Newest { get; private set; }

    /// <summary>The incarnation being written to, or null.</summary>
    public Origin? Current => state == State.Open ? Newest : null;

    /// <summary>True while appends have to wait for a new incarnation.</summary>
    public bool IsOpening => state == State.Opening;

    /// <summary>True when a new incarnation is asked for and not yet requested of the journal.</summary>
    public bool IsWanted => state == State.Wanted;

    /// <summary>The origin for a write, or null: then one is being opened, and the write waits for it.</summary>
    public Origin? Demand()
    {
        if (state is State.Unproven)
            state = State.Wanted;
        return Current;
    }

    /// <summary>Asks the journal for the new incarnation; only while no group is under way.</summary>
    public void Open()
    {
        state = State.Opening;
        next = new Origin(context.Options.Region, context.NextIncarnation(Newest?.Incarnation));
        context.Emit(new OpenIncarnation(next, reason));
        if (Newest is not null)
        {
            context.Alarm(AlarmKind.NewIncarnation, 
                Sentence.End($"A new incarnation of {context.Options.Region} begins: {reason}"));
            context.Hit(Probe.NewIncarnation);
        }
    }

    private Origin? next;

    /// <summary>The journal has opened it.</summary>
    public void Opened()
    {
        Newest = next ?? throw new InvalidOperationException("No incarnation was asked for.");
        state = State.Open;
    }

    /// <summary>A member answered what it holds of our newest incarnation.</summary>
    /// <param name="nothingBeyond">It holds nothing beyond our heads.</param>
    /// <returns>True when this shows that the journal has lost what it had.</returns>
    public bool Answered(string member, bool nothingBeyond)
    {
        if (state != State.Unproven)
            return false;
        if (!nothingBeyond)
        {
            (state, reason) = (State.Wanted, $"{member} holds events that this journal lost");
            context.Hit(Probe.ContinuityRefuted);
            return true;
        }
        answers.Add(member);
        if (!context.Members.All(m => m == context.Options.Region || answers.Contains(m)))
            return false;
        state = State.Open;
        context.Hit(Probe.ContinuityProven);
        return false;
    }

    /// <summary>The current incarnation must not be written to any more.</summary>
    public void Break(string why)
    {
        if (state is State.Opening or State.Wanted)
            return;
        (state, reason) = (State.Wanted, why);
    }
}
