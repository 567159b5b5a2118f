using Pelago.Model;

namespace Pelago.Replication;

/// <summary>The number of an attempt to decide a register. The default is lower than all others.</summary>
/// <remarks>No two attempts have the same one, over restarts too, although nothing is stored for it: the session is
/// made at process start and is in it. It is compared last, so that a clock says nothing about who wins.</remarks>
/// <param name="Epoch">Epoch of the membership configuration whose voters are asked: an attempt of an older one is
/// lower than any of a newer one.</param>
/// <param name="Counter">Counts attempts; one higher than the highest heard of.</param>
/// <param name="Region">Whose attempt it is.</param>
/// <param name="Session">Of the process.</param>
public readonly record struct Ballot(ulong Epoch, ulong Counter, string Region, Incarnation Session)
    : IComparable<Ballot>
{
    /// <summary>The highest number of attempts that regions take from one another, and that one gives.</summary>
    public const ulong MaxCounter = 1ul << 60;

    /// <summary>True of the default, which stands for no attempt.</summary>
    public bool IsNone => Region is null;

    /// <inheritdoc />
    public int CompareTo(Ballot other)
    {
        var byEpoch = Epoch.CompareTo(other.Epoch);
        if (byEpoch != 0)
            return byEpoch;
        var byCounter = Counter.CompareTo(other.Counter);
        if (byCounter != 0)
            return byCounter;
        var byRegion = string.CompareOrdinal(Region, other.Region);
        return byRegion != 0 ? byRegion : Session.CompareTo(other.Session);
    }

    /// <summary>Lower.</summary>
    public static bool operator <(Ballot one, Ballot other) => one.CompareTo(other) < 0;

    /// <summary>Higher.</summary>
    public static bool operator >(Ballot one, Ballot other) => one.CompareTo(other) > 0;

    /// <summary>Not higher.</summary>
    public static bool operator <=(Ballot one, Ballot other) => one.CompareTo(other) <= 0;

    /// <summary>Not lower.</summary>
    public static bool operator >=(Ballot one, Ballot other) => one.CompareTo(other) >= 0;

    /// <inheritdoc />
    public override string ToString() => IsNone ? "none" : $"{Epoch}.{Counter}@{Region}";
}
