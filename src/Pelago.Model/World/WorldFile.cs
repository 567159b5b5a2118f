namespace Pelago.Model;

/// <summary>An address to connect to: always loopback in a local world, because certificates carry names
/// only.</summary>
/// <param name="Host">IP address to dial.</param>
/// <param name="Port">TCP port.</param>
public sealed record Endpoint(string Host, int Port)
{
    /// <summary>A loopback endpoint.</summary>
    public static Endpoint Loopback(int port) => new("127.0.0.1", port);

    /// <inheritdoc />
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>A region as its peers know it.</summary>
/// <param name="Name">Region name, e.g. <c>eu-west-1</c>.</param>
/// <param name="AppsHostname">Everything users and services reach, e.g. <c>eu-west-1.apps.pelago.localhost</c>.</param>
/// <param name="PlatformHostname">The platform's own names, e.g. <c>eu-west-1.platform.pelago.localhost</c>.</param>
/// <param name="IngressPort">Port that the inter-region ingress is named with (443 outside a local world).</param>
/// <param name="IngressConnect">Where the reader of this record dials that ingress: through the wide area network
/// emulator in a local world, so it differs from reader to reader.</param>
public sealed record PeerRegion(
    string Name,
    string AppsHostname,
    string PlatformHostname,
    int IngressPort,
    Endpoint IngressConnect
);

/// <summary>What the federation plane's process reads at start (<c>config.json</c> in its home, mode 0600).</summary>
public sealed record FederationConfig(
    string Group,
    string PlatformHostname,
    string AppsHostname,
    int ManagementApiPort,
    string AdminTokenSha256,
    IReadOnlyList<RegionEnrolment> Regions)
{
    /// <summary>Version of this file's format.</summary>
    public int FormatVersion { get; init; } = 1;
}

/// <summary>A region that the federation plane expects to enrol.</summary>
/// <param name="TokenFile">Where the federation writes the one-time token and the pinned key hash (0600): JSON
/// <see cref="EnrolmentTicket"/>. It is consumed by the region.</param>
public sealed record RegionEnrolment(string Name, string AppsHostname, string PlatformHostname, string TokenFile);

/// <summary>One-time permission to enrol, handed over in a 0600 file or an inherited pipe.</summary>
/// <param name="Token">Opaque, 32 random bytes in base64url.</param>
/// <param name="ServerKeySha256">SHA-256 of the server's SubjectPublicKeyInfo in lower-case hex: the only server that
/// may be given the token.</param>
public sealed record EnrolmentTicket(string Token, string ServerKeySha256);

/// <summary>What a region's process reads at start.</summary>
public sealed record RegionConfig(
    string Group,
    string Region,
    string AppsHostname,
    string PlatformHostname,
    int ExecutionApiPort,
    int IngressPort,
    int PublicPort,
    int RemotingPort,
    int FirstInstancePort,
    int InstancePortCount,
    string FederationApi,
    Endpoint FederationConnect,
    string EnrolmentTicketFile,
    string AdminTokenSha256,
    IReadOnlyList<PeerRegion> Peers)
{
    /// <summary>Version of this file's format.</summary>
    public int FormatVersion { get; init; } = 1;

    /// <summary>Directory of the guard files of the region's journals. It lies outside the region's home: what restores
    /// or copies the one must not restore or copy the other.</summary>
    public required string GuardDirectory { get; init; }

    /// <summary>The region was added to a group that was there: its journals begin empty, and the members say who they
    /// are.</summary>
    public bool Joins { get; init; }

    /// <summary>How much the services may log; the region's own log is its supervisor's to bound.</summary>
    public LogLimits Logs { get; init; } = new();

    /// <summary>The PostgreSQL server of the region's journals; null where they lie in files.</summary>
    public ServerAccess? Server { get; init; }
}

/// <summary>What the wide area network emulator reads at start.</summary>
/// <param name="ControlPort">Loopback HTTP port of its control API (bearer token).</param>
/// <param name="Profile"><c>aws</c> or <c>none</c>.</param>
public sealed record WanConfig(int ControlPort, string AdminTokenSha256, string Profile, IReadOnlyList<WanLink> Links)
{
    /// <summary>Version of this file's format.</summary>
    public int FormatVersion { get; init; } = 1;
}

/// <summary>One direction-aware link: connections that <paramref name="From"/> opens to <paramref name="To"/>. What
/// From sends is delayed and cut as From→To, what comes back as To→From.</summary>
public sealed record WanLink(string From, string To, int ListenPort, Endpoint Target);
