using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pelago.Entities;
using Pelago.Model;

namespace Pelago.Bench.Load;

/// <summary>What connects runtimes of this process: real HTTP/2 on loopback, as between an ingress and its instance,
/// without TLS.</summary>
public static class BenchLink
{
    /// <summary>What both sides know.</summary>
    public const string Secret = "bench";

    /// <summary>A listener on a free port, not yet started.</summary>
    public static WebApplication NewListener()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore().AddLogging();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.InitialStreamWindowSize = 16 * 1024 * 1024;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 16 * 1024 * 1024;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        var app = builder.Build();
        app.UseRouting();
        return app;
    }

    /// <summary>Serves a region's streams to its peers; returns the port.</summary>
    public static async Task<int> ServeAsync(
        WebApplication app, BenchRegion region, IReadOnlyList<string> peers, CancellationToken cancellationToken)
    {
        PeerRegion[] known = [.. peers.Select(
            p => new PeerRegion(p, $"{p}.apps", $"{p}.platform", 0, Endpoint.Loopback(0)))];
        app.MapReplication(region.Runtime, new ReplicationAccess(Secret, "bench", "load", () => known));
        await app.StartAsync(cancellationToken);
        return new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
            .Addresses.Single()).Port;
    }

    /// <summary>Returns once all peers are connected and nothing of them is missing.</summary>
    public static async Task UntilLiveAsync(BenchRegion region, CancellationToken cancellationToken)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await pace.WaitForNextTickAsync(cancellationToken))
        {
            var status = await region.Runtime.DescribeAsync(cancellationToken);
            if (status.Peers.All(p => p.State == "Live"))
                return;
        }
    }
}
