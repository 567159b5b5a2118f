using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pelago.Api;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>What the peer regions' processes reach through the ingress: replication of the region's entities over
/// HTTP/2, and artifacts over HTTP/1.1, both on loopback. A request without the ingress's secret is refused, and so is
/// one by anybody but a peer region's own service.</summary>
internal static class InternalListeners
{
    private const int StreamWindowBytes = 4 * 1024 * 1024;

    /// <summary>The listener of replication streams; the caller starts and disposes it.</summary>
    public static WebApplication Streams(int port, EntityRuntime runtime, ReplicationAccess access,
        ILoggerFactory logging)
    {
        var app = Create(port, HttpProtocols.Http2, logging);
        app.MapReplication(runtime, access);
        return app;
    }

    /// <summary>The listener of artifacts, on a port that the system chooses.</summary>
    public static WebApplication Artifacts(ArtifactEndpoints artifacts, ReplicationAccess access,
        ILoggerFactory logging)
    {
        var app = Create(0, HttpProtocols.Http1, logging);
        app.MapGet(ArtifactEndpoints.Path, context => MayCall(context, access)
            ? artifacts.GetAsync(context)
            : Problems.WriteAsync(context, Refused));
        return app;
    }

    /// <summary>The address that a listener has once it is started.</summary>
    public static string AddressOf(WebApplication app)
        => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    private static bool MayCall(HttpContext context, ReplicationAccess access)
        => access.CameThroughIngress(context.Request.Headers[ReplicationAccess.SecretHeader])
        && access.PeerRegionOf(context.Request.Headers[ReplicationAccess.ClientHeader]) is not null;

    private static WebApplication Create(int port, HttpProtocols protocols, ILoggerFactory logging)
        => LoopbackListener.Create(Model.Endpoint.Loopback(port), protocols, StreamWindowBytes, logging);

    private static Failure Refused { get; } = new(ErrorCodes.PeerRefused,
        "Only the peer regions may ask here, through the ingress.", "Use the Execution API.");
}
