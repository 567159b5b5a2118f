namespace Pelago.Drills;

/// <summary>What <c>pelago wan show</c> shows.</summary>
/// <param name="Profile"><c>aws</c> or <c>none</c>.</param>
public sealed record WanReport(
    string Profile, IReadOnlyList<DirectionReport> Directions, IReadOnlyList<LinkReport> Links);

/// <summary>One direction between two ends.</summary>
/// <param name="From">Where bytes come from.</param>
/// <param name="To">Where they go.</param>
/// <param name="DelayMs">One-way delay in milliseconds.</param>
/// <param name="ProfileDelayMs">What the profile says; differs when a delay was set.</param>
/// <param name="CutSince">Since when nothing crosses, or null.</param>
public sealed record DirectionReport(
    string From, string To, double DelayMs, double ProfileDelayMs, DateTimeOffset? CutSince);

/// <summary>One listener.</summary>
/// <param name="From">Who connects.</param>
/// <param name="To">Whom it reaches.</param>
/// <param name="Port">Loopback port to connect to.</param>
/// <param name="Target">What is behind it.</param>
/// <param name="Connections">Open now.</param>
/// <param name="Accepted">Since the emulator started.</param>
/// <param name="ForwardBytes">Delivered from <paramref name="From"/> to <paramref name="To"/>.</param>
/// <param name="BackwardBytes">Delivered the other way.</param>
/// <param name="InFlightBytes">Under way or held by a cut, both ways.</param>
public sealed record LinkReport(
    string From,
    string To,
    int Port,
    string Target,
    int Connections,
    long Accepted,
    long ForwardBytes,
    long BackwardBytes,
    long InFlightBytes);

/// <summary>Which directions a command means.</summary>
/// <param name="A">A region, or <c>federation</c>; null for every direction.</param>
/// <param name="B">The other end; null for all links of <paramref name="A"/>.</param>
/// <param name="OneWay">Only from A to B (or from A to everybody).</param>
public sealed record WanSelection(string? A, string? B, bool OneWay);

/// <summary>Sets a delay.</summary>
/// <param name="Selection">Which directions.</param>
/// <param name="DelayMs">One-way milliseconds; null restores the profile's.</param>
public sealed record WanDelay(WanSelection Selection, double? DelayMs);

/// <summary>What survives a restart of the emulator, in <c>state.json</c> in its home.</summary>
internal sealed record WanState(IReadOnlyList<DirectionState> Directions)
{
    public const string FileName = "state.json";

    public int FormatVersion { get; init; } = 1;
}

/// <summary>One direction that is not as the profile says.</summary>
internal sealed record DirectionState(string From, string To, DateTimeOffset? CutSince, double? DelayMs);
