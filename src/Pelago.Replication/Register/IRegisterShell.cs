namespace Pelago.Replication;

/// <summary>What <see cref="Registers"/> needs of whoever runs them: a kernel, or the simulator.</summary>
public interface IRegisterShell
{
    /// <summary>Monotonic milliseconds.</summary>
    long NowMilliseconds { get; }

    /// <summary>Wall clock, milliseconds since 1970: goes into the names of lives, and decides nothing.</summary>
    long WallMilliseconds { get; }

    /// <summary>64 random bits, reproducible.</summary>
    ulong NextRandom();

    /// <summary>Sends a question to another region. It may be lost: it is asked again.</summary>
    void Ask(string region, Frame frame);

    /// <summary>Sends an answer the way the question came. It may be lost, too.</summary>
    void Answer(string region, long link, Frame frame);

    /// <summary>False once another process is known to have taken the lane over: what is in memory here is of the
    /// past.</summary>
    bool Owns(int lane);

    /// <summary>Stores a note of a lane; calls back once it is durable, or never.</summary>
    void Keep(int lane, LaneNote note, Action durable);

    /// <summary>Completes a request.</summary>
    void Done(RegisterRequest request, RegisterResult result);

    /// <summary>Tells a person.</summary>
    void Alarm(AlarmKind kind, string text);

    /// <summary>Counts a rarer moment.</summary>
    void Hit(Probe probe);
}
