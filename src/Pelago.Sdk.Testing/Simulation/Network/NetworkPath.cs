namespace Pelago.Sdk.Testing;

/// <summary>The way from one region to another, in one direction: its delay, and what goes wrong on it.</summary>
public sealed class NetworkPath
{
    private readonly List<Action> waiting = [];
    private bool cut;

    internal NetworkPath()
    {
    }

    /// <summary>Least time under way in milliseconds.</summary>
    public int DelayMilliseconds { get; set; } = 20;

    /// <summary>Random addition to the delay, at most.</summary>
    public int JitterMilliseconds { get; set; } = 5;

    /// <summary>Frames of a thousand that get lost.</summary>
    public int LossPerMille { get; set; }

    /// <summary>Frames of a thousand that arrive twice.</summary>
    public int DuplicatePerMille { get; set; }

    /// <summary>Frames of a thousand that arrive out of order.</summary>
    public int ReorderPerMille { get; set; }

    /// <summary>Frames of a thousand after which the connection breaks.</summary>
    public int BreakPerMille { get; set; }

    /// <summary>While set nothing arrives. What was sent waits, as in the sender's buffers, and comes late.</summary>
    public bool Cut
    {
        get => cut;
        set
        {
            cut = value;
            if (cut)
                return;
            var late = waiting.ToArray();
            waiting.Clear();
            foreach (var arrival in late)
                arrival();
        }
    }

    /// <summary>Ends the cut and all faults; the delay stays as it is.</summary>
    public void Mend()
    {
        Cut = false;
        (LossPerMille, DuplicatePerMille, ReorderPerMille, BreakPerMille) = (0, 0, 0, 0);
    }

    /// <summary>Takes the arrival now, or keeps it until the cut ends.</summary>
    internal void Pass(Action arrival)
    {
        if (cut)
            waiting.Add(arrival);
        else
            arrival();
    }
}
