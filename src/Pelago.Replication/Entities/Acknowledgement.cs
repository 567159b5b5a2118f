using System.Globalization;

namespace Pelago.Replication;

/// <summary>In how many regions the events of a command must be durable before it is answered: the price of a write
/// that survives the loss of its region is a round trip to another one.</summary>
/// <remarks>The default is <see cref="Local"/>. Written as text, and in the header <c>Pelago-Acknowledge</c>:
/// <c>local</c>,
/// <c>majority</c>, or the number of regions.</remarks>
public readonly record struct Acknowledgement
{
    private const int MajorityOfAll = -1;
    private const int MostRegions = 1_000;
    private readonly int count;

    private Acknowledgement(int count) => this.count = count;

    /// <summary>Durable in the region that answers.</summary>
    public static Acknowledgement Local => default;

    /// <summary>Durable in more than half of the group's regions, the one that answers among them.</summary>
    public static Acknowledgement Majority => new(MajorityOfAll);

    /// <summary>Durable in so many regions, the one that answers among them; 1 is <see cref="Local"/>. More than the
    /// group has is refused when a command asks for it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 or more than 1,000.</exception>
    public static Acknowledgement Regions(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MostRegions);
        return new Acknowledgement(count == 1 ? 0 : count);
    }

    /// <summary>The number of regions that this means in a group.</summary>
    public int In(int members) => count switch
    {
        0 => 1,
        MajorityOfAll => members / 2 + 1,
        _ => count,
    };

    /// <summary>Of two levels the one that means more regions in a group.</summary>
    public static Acknowledgement Stronger(Acknowledgement one, Acknowledgement other, int members)
        => one.In(members) >= other.In(members) ? one : other;

    /// <summary>Reads the text form.</summary>
    public static bool TryParse(string text, out Acknowledgement level)
    {
        level = Local;
        if (text == "local")
            return true;
        if (text == "majority")
        {
            level = Majority;
            return true;
        }
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var regions)
            || regions is < 1 or > MostRegions)
            return false;
        level = Regions(regions);
        return true;
    }

    /// <inheritdoc />
    public override string ToString() => count switch
    {
        0 => "local",
        MajorityOfAll => "majority",
        _ => count.ToString(CultureInfo.InvariantCulture),
    };
}
