using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Pelago.Ingress;

/// <summary>The library's limits, set from the options; every one that a stranger can press against.</summary>
internal static class KestrelLimits
{
    // The ingress refuses with a code what is above its own limits; from here on the library refuses, without one
    // (HTTP/2: by resetting the stream). Far enough above them that only nonsense gets there.
    private const int HeadBytes = 256 * 1024;
    private const int HeaderCount = 2_000;

    public static void Apply(KestrelServerOptions kestrel, Face face, IngressOptions options)
    {
        kestrel.AddServerHeader = false;
        // Bytes of header values pass through unchanged, whatever they encode.
        kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;

        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.MaxRequestHeadersTotalSize = HeadBytes;
        limits.MaxRequestLineSize = HeadBytes;
        limits.Http2.MaxRequestHeaderFieldSize = HeadBytes;
        limits.MaxRequestHeaderCount = HeaderCount;
        limits.RequestHeadersTimeout = options.RequestHeadersTimeout;
        limits.MaxRequestBodySize = options.MaxRequestBodyBytes;
        limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        limits.Http2.KeepAlivePingDelay = options.PingInterval;
        limits.Http2.KeepAlivePingTimeout = options.PingInterval * 2;
        if (face == Face.Public)
            return;

        // A replication stream may be silent for hours, so no minimum rate; the pings above find peers that are gone.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.Http2.InitialStreamWindowSize = options.StreamWindowBytes;
        limits.Http2.InitialConnectionWindowSize = options.ConnectionWindowBytes;
    }
}
