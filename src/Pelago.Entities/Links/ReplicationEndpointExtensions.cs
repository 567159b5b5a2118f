using System.IO.Pipelines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pelago.Model;

namespace Pelago.Entities;

/// <summary>The accepting side of replication streams.</summary>
public static class ReplicationEndpointExtensions
{
    /// <summary>Path of the stream, as in <c>replication.proto</c>.</summary>
    public const string Path = "/pelago.replication.v1/stream";

    /// <summary>Media type of both directions.</summary>
    public const string MediaType = "application/x-pelago-frames";

    /// <summary>Maps the stream. The listener must speak HTTP/2 without minimum data rates: an idle stream is a good
    /// one.</summary>
    public static IEndpointConventionBuilder MapReplication(
        this IEndpointRouteBuilder endpoints, EntityRuntime runtime, ReplicationAccess access)
    {
        var logger = endpoints.ServiceProvider.GetRequiredService<ILoggerFactory>()
            .CreateLogger("Pelago.Entities.Replication");
        return endpoints.MapPost(Path, context => ServeAsync(context, runtime, access, logger));
    }

    private static async Task ServeAsync(
        HttpContext context, EntityRuntime runtime, ReplicationAccess access, ILogger logger)
    {
        var headers = context.Request.Headers;
        if (!access.CameThroughIngress(headers[ReplicationAccess.SecretHeader]))
        {
            Refuse(context, logger, StatusCodes.Status403Forbidden, "it did not come through this region's ingress");
            return;
        }
        if (access.PeerRegionOf(headers[ReplicationAccess.ClientHeader]) is not { } peer)
        {
            Refuse(context, logger, StatusCodes.Status403Forbidden, "the caller is no peer of this service");
            return;
        }
        if (!HttpProtocol.IsHttp2(context.Request.Protocol) || context.Request.ContentType != MediaType)
        {
            Refuse(context, logger, StatusCodes.Status415UnsupportedMediaType, "it is not HTTP/2 with frames");
            return;
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null; // a stream has no end; its frames have one
        context.Response.ContentType = MediaType;
        await context.Response.StartAsync(context.RequestAborted);
        // The head leaves with the first flush only, and the dialler says nothing before it has seen it.
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        await runtime.AcceptAsync(peer, new Body(context), context.RequestAborted);
    }

    private static void Refuse(HttpContext context, ILogger logger, int status, string reason)
    {
        Log.StreamRefused(logger, reason);
        context.Response.StatusCode = status;
        context.Response.Headers["Pelago-Error"] = ErrorCodes.ProtocolViolation.Code;
    }

    private sealed class Body(HttpContext context) : IDuplexPipe
    {
        public PipeReader Input => context.Request.BodyReader;

        public PipeWriter Output => context.Response.BodyWriter;
    }
}
