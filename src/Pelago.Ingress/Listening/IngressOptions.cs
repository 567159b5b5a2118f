using System.Net;

namespace Pelago.Ingress;

/// <summary>Where the ingress listens, and every bound it keeps. The defaults suit a region of one machine.</summary>
public sealed record IngressOptions
{
    /// <summary>The region's apps host name; service names between regions end with <c>.svc.</c> and this.</summary>
    public required string AppsHostname { get; init; }

    /// <summary>Public HTTPS listener. Port 0 lets the system choose.</summary>
    public required IPEndPoint Public { get; init; }

    /// <summary>Inter-region mutual-TLS listener. Port 0 lets the system choose.</summary>
    public required IPEndPoint InterRegion { get; init; }

    /// <summary>Longest TLS handshake: ten seconds.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for a request's headers: fifteen seconds.</summary>
    public TimeSpan RequestHeadersTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>All headers of a request together, in bytes: 32 KiB (431 above it).</summary>
    public int MaxRequestHeadersBytes { get; init; } = 32 * 1024;

    /// <summary>Path and query of a request, in bytes: 32 KiB (414 above it).</summary>
    public int MaxRequestTargetBytes { get; init; } = 32 * 1024;

    /// <summary>Headers of a request: 100 (431 above it).</summary>
    public int MaxRequestHeaderCount { get; init; } = 100;

    /// <summary>All headers of an answer together, in KiB: 64.</summary>
    public int MaxResponseHeadersKiB { get; init; } = 64;

    /// <summary>Body of a request, in bytes: 32 MiB (413 above it). Replication streams have no end and no
    /// limit.</summary>
    public long MaxRequestBodyBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Connections of each listener: 10,000; more are closed at once.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Concurrent streams of one HTTP/2 connection: 256.</summary>
    public int MaxStreamsPerConnection { get; init; } = 256;

    /// <summary>HTTP/2 window of one inter-region stream, in bytes: 16 MiB, some 640 Mbit/s over a round trip of 200
    /// ms.</summary>
    public int StreamWindowBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>HTTP/2 window of one inter-region connection, in bytes: 32 MiB; what one peer can make the ingress hold
    /// for upstreams that do not read.</summary>
    public int ConnectionWindowBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>Connections to one instance's application: 512; further requests wait for one.</summary>
    public int MaxConnectionsPerInstance { get; init; } = 512;

    /// <summary>Longest wait for a connection to an instance: three seconds.</summary>
    public TimeSpan UpstreamConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Longest wait for an instance's status line: 100 seconds (504 after it). Not for replication
    /// streams.</summary>
    public TimeSpan UpstreamResponseTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Oldest age of a connection: 24 hours, a leaf's life.</summary>
    public TimeSpan MaxConnectionAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long before the peer's certificate ends its connection is closed: 30 seconds.</summary>
    public TimeSpan CertificateEndMargin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A silent inter-region connection is pinged so often: ten seconds; given up after twice that.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);
}
