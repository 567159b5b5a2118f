using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Pelago.Model;

namespace Pelago.Ingress;

/// <summary>The way of every request, on both listeners, in one place: <see cref="HandleAsync"/>.</summary>
internal sealed class RequestPath(IngressOptions options, Forwarder forwarder, RouteTable routes, ILogger log)
{
    /// <summary>Paths of the replication protocol; they go to the instance's remoting endpoint.</summary>
    public const string StreamPrefix = "/pelago.replication.v1/";

    private volatile RouteTable _routes = routes;
    private uint _turn;

    public RouteTable Routes
    {
        get => _routes;
        set => _routes = value;
    }

    /// <summary>
    /// 1. what was sent is within bounds and its target unambiguous, 2. the host is the one that the connection was
    /// opened for, 3. between regions: the caller is verified and of the destination's project, 4. a route and a ready
    /// instance are found, 5. the request is forwarded. The first stage that refuses answers; no instance hears of the
    /// request before stage 5.
    /// </summary>
    public async Task HandleAsync(Face face, HttpContext context)
    {
        // 1.
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        if (RequestHead.Check(target, context.Request.Headers, options) is { } refusal)
        {
            await RefuseAsync(context, refusal).ConfigureAwait(false);
            return;
        }

        // 2.
        var facts = context.Features.Get<ConnectionFacts>()!;
        var host = context.Request.Host.Host;
        if (!string.Equals(host, facts.ServerName, StringComparison.OrdinalIgnoreCase))
        {
            await RefuseAsync(
                    context,
                    new Failure(
                        ErrorCodes.Misdirected,
                        "The request's host is not the name that this connection was opened for.",
                        "Open a connection to that host."
                    )
                )
                .ConfigureAwait(false);
            return;
        }

        // 3. and 4.
        var (destination, failure) = face == Face.Public
            ? RoutePublic(host, RequestTarget.PathOf(target))
            : RouteInterRegion(context, facts, RequestTarget.PathOf(target));
        if (destination is null)
        {
            await RefuseAsync(context, failure!).ConfigureAwait(false);
            return;
        }

        // 5.
        await forwarder.ForwardAsync(context, target, destination, facts.Ending).ConfigureAwait(false);
    }

    private (Destination?, Failure?) RoutePublic(string host, ReadOnlySpan<char> path)
        => _routes.Find(host, path) is { } route
            ? Ready(route.Instances, isStream: false, client: null)
            : (null, NoRoute("No route has this host and path."));

    private (Destination?, Failure?) RouteInterRegion(
        HttpContext context,
        ConnectionFacts facts,
        ReadOnlySpan<char> path
    )
    {
        if (facts.Peer is not { } peer)
            return (null, new Failure(ErrorCodes.PeerNotVerified, "The caller's certificate was not verified.",
                "Present a client certificate of this region group."));
        if (!ServiceHostname.TryParse(facts.ServerName.ToLowerInvariant(), options.AppsHostname, out var name))
            return (null, NoRoute("The host is not service.project.svc of this region."));
        // Before the look-up, so that a caller of another project does not learn what exists here.
        if (name!.Project != peer.Project)
        {
            log.OtherProject(peer.San, name.Value);
            return (null, new Failure(ErrorCodes.OtherProject, "The destination is a service of another project.",
                "Services reach services of their own project only."));
        }
        var isStream = path.StartsWith(StreamPrefix, StringComparison.Ordinal);
        if (isStream && !HttpProtocol.IsHttp2(context.Request.Protocol))
            return (null, new Failure(ErrorCodes.StreamNeedsHttp2, "Replication streams are HTTP/2.", "Negotiate h2."));
        return _routes.Find(name) is { } route
            ? Ready(route.Instances, isStream, peer)
            : (null, NoRoute("No such service in this region."));
    }

    private (Destination?, Failure?) Ready(IReadOnlyList<Upstream> instances, bool isStream, VerifiedPeer? client)
    {
        var ready = instances.Where(i => i.Ready && (!isStream || i.RemotingUrl is not null)).ToArray();
        if (ready.Length == 0)
            return (
                null,
                new Failure(
                    ErrorCodes.NoReadyInstance,
                    "No instance of the service is ready in this region.",
                    "Try again."
                )
            );
        var first = (int)(Interlocked.Increment(ref _turn) % (uint)ready.Length);
        return (new Destination([.. ready[first..], .. ready[..first]], isStream, client), null);
    }

    private async Task RefuseAsync(HttpContext context, Failure failure)
    {
        log.Refused(failure.Error.Code, context.Connection.Id);
        await Problems.WriteAsync(context, failure).ConfigureAwait(false);
    }

    private static Failure NoRoute(string message) => new(ErrorCodes.NoRoute, message, "See the region's routes.");
}
