namespace Pelago.Model;

/// <summary>What the first <c>up</c> decides about a world and writes to <c>world.json</c>: names and ports. Everything
/// that a role reads is derived from it.</summary>
/// <param name="Group">Name of the region group.</param>
/// <param name="PortBase">What the ports were counted from.</param>
/// <param name="Wan">Profile of the wide area network: <c>aws</c> or <c>none</c>.</param>
/// <param name="ManagementApiPort">Federation plane, HTTPS.</param>
/// <param name="SupervisorPort">Control interface of the supervisor, plain HTTP.</param>
/// <param name="WanControlPort">Control interface of the wide area network emulator, plain HTTP.</param>
/// <param name="Regions">In the order in which they were declared.</param>
/// <param name="Links">One listener of the emulator for each.</param>
public sealed record WorldRecord(
    string Group,
    int PortBase,
    string Wan,
    int ManagementApiPort,
    int SupervisorPort,
    int WanControlPort,
    IReadOnlyList<RegionRecord> Regions,
    IReadOnlyList<LinkRecord> Links)
{
    /// <summary>Name of the file in the data directory.</summary>
    public const string FileName = "world.json";

    /// <summary>The format that this version reads and writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the whole data directory's format.</summary>
    public int FormatVersion { get; init; } = CurrentFormat;

    /// <summary>How much its processes may log.</summary>
    public LogLimits Logs { get; init; } = new();

    /// <summary>Where its journals lie: one of <see cref="JournalStores"/>.</summary>
    public string Journal { get; init; } = JournalStores.Sqlite;

    /// <summary>True once <c>up</c> has deployed the sample: what becomes of it then is its owner's. It is not deployed
    /// again when it was deleted, replaced, or is not known yet to a region that starts with nothing.</summary>
    public bool SampleDeployed { get; init; }
}

/// <summary>One region of a world.</summary>
/// <param name="Name">Region name.</param>
/// <param name="ExecutionApiPort">HTTPS.</param>
/// <param name="IngressPort">Inter-region ingress, mutual TLS.</param>
/// <param name="PublicPort">Public HTTPS.</param>
/// <param name="RemotingPort">Replication of the region's own entities, loopback.</param>
/// <param name="FirstInstancePort">Service instances take free ports from here.</param>
/// <param name="InstancePortCount">How many ports they may choose from.</param>
public sealed record RegionRecord(
    string Name,
    int ExecutionApiPort,
    int IngressPort,
    int PublicPort,
    int RemotingPort,
    int FirstInstancePort,
    int InstancePortCount)
{
    /// <summary>Its PostgreSQL server, loopback; 0 where the journals lie in files.</summary>
    public int ServerPort { get; init; }

    /// <summary>It was added to the group after that had begun.</summary>
    public bool Joins { get; init; }

    /// <summary>Its removal was begun. Until that is done its journal is the one of before, which the group does not
    /// let in again.</summary>
    public bool Leaves { get; init; }
}

/// <summary>One link of the emulated network.</summary>
/// <param name="From">Who connects.</param>
/// <param name="To">Whom it reaches: a region's ingress, or the federation plane.</param>
/// <param name="Port">Where the emulator listens for it.</param>
public sealed record LinkRecord(string From, string To, int Port);
