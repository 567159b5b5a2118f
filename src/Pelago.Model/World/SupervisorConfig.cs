namespace Pelago.Model;

/// <summary>What the supervisor reads at start: what it keeps running.</summary>
/// <param name="ControlPort">Loopback port of its control interface.</param>
/// <param name="AdminTokenSha256">SHA-256 of the administrator's token, lower-case hex.</param>
/// <param name="Roles">In the order of starting.</param>
public sealed record SupervisorConfig(int ControlPort, string AdminTokenSha256, IReadOnlyList<RoleSpec> Roles)
{
    /// <summary>Version of this file's format.</summary>
    public int FormatVersion { get; init; } = 1;

    /// <summary>How much its processes may log.</summary>
    public LogLimits Logs { get; init; } = new();
}

/// <summary>A process that the supervisor keeps running: <c>pelago VERB… --home HOME</c>, or the PostgreSQL server in
/// that home.</summary>
/// <param name="Name"><c>federation</c>, <c>wan</c>, <c>region/NAME</c>, or <c>postgres/NAME</c>.</param>
/// <param name="Verb">Words of the verb; none for a server.</param>
/// <param name="Home">Its home directory, absolute.</param>
public sealed record RoleSpec(string Name, IReadOnlyList<string> Verb, string Home);

/// <summary>What the supervisor knows, written to <c>state.json</c> in its home at every change, so that its successor
/// adopts what lives.</summary>
public sealed record SupervisorState(IReadOnlyList<RoleState> Roles)
{
    /// <summary>Name of the file in the supervisor's home.</summary>
    public const string FileName = "state.json";

    /// <summary>Version of this file's format.</summary>
    public int FormatVersion { get; init; } = 1;
}

/// <summary>One role.</summary>
/// <param name="Name">Name of the role.</param>
/// <param name="Wanted">False after <c>regions stop</c>: it stays down.</param>
/// <param name="Pid">Its last process, or 0 before the first.</param>
/// <param name="StartTime">Start of that process in clock ticks since boot.</param>
/// <param name="Restarts">How often it died and was started again, since it was first started.</param>
public sealed record RoleState(string Name, bool Wanted, int Pid, long StartTime, int Restarts);
