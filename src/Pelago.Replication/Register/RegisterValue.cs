using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What a register holds.</summary>
/// <param name="Version">1 after the first change, one more after each: the values of a register form one
/// chain.</param>
/// <param name="Writer">The proposal that wrote it, by which its proposer knows it again.</param>
/// <param name="Content">The content; at most <see cref="MaxBytes"/>.</param>
public sealed record RegisterValue(ulong Version, RegisterWriter Writer, ReadOnlyMemory<byte> Content)
{
    /// <summary>Largest content in bytes: a register names who has something, it does not hold it.</summary>
    public const int MaxBytes = 4 * 1024;
}

/// <summary>A proposal: the session of its proposer and its number there.</summary>
public readonly record struct RegisterWriter(Incarnation Session, ulong Number);

/// <summary>What one voter remembers of a register.</summary>
/// <param name="Promised">It takes nothing of a lower ballot any more.</param>
/// <param name="Accepted">Ballot of <paramref name="Value"/>.</param>
/// <param name="Heard">The value was copied from others when this voter began a life: it counts as accepted for whoever
/// proposes next, but it is no vote of this one.</param>
public readonly record struct RegisterState(Ballot Promised, Ballot Accepted, RegisterValue? Value, bool Heard = false)
{
    /// <summary>Bytes of memory, roughly.</summary>
    internal int Weight => 256 + (Value?.Content.Length ?? 0);

    /// <summary>The state after hearing of another voter's: never lower than before.</summary>
    public RegisterState With(RegisterState other)
    {
        var promised = other.Promised > Promised ? other.Promised : Promised;
        return other.Accepted > Accepted ? new RegisterState(promised, other.Accepted, other.Value, Heard: true)
            : this with { Promised = promised };
    }
}

/// <summary>A register and its state.</summary>
public readonly record struct RegisterRecord(EntityKey Register, RegisterState State);

/// <summary>What is known of another voter's lives in a lane.</summary>
/// <param name="Life">The newest that it has begun: what it said in an older one does not count beside it.</param>
/// <param name="Stood">The newest in which it may have voted; null when none is known.</param>
public readonly record struct VoterLife(string Region, Incarnation Life, Incarnation? Stood)
{
    /// <summary>When it began that life its journal claimed to hold all that it voted, and did not know a later life
    /// than one that somebody had noted: it is an older copy.</summary>
    public bool IsForgetful { get; init; }
}
