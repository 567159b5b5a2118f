using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pelago.Model;

namespace Pelago.Entities;

/// <summary>A plain listener on loopback with a pipeline of its own: for replication streams, inspection, and whatever
/// else only the ingress or the region may reach. What it serves is never reached through another address.</summary>
public static class LoopbackListener
{
    // Streams do not end by themselves; whoever stops the host has told their runtimes before.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);

    /// <summary>A listener that is started, and disposed, by its caller.</summary>
    /// <param name="endpoint">Where; port 0 for one that the system chooses.</param>
    /// <param name="protocols">HTTP/2 for streams, else HTTP/1.1.</param>
    /// <param name="windowBytes">HTTP/2 window of a stream and of a connection.</param>
    /// <param name="logging">Where logs go.</param>
    public static WebApplication Create(
        Endpoint endpoint, HttpProtocols protocols, int windowBytes, ILoggerFactory logging)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, NoSignals>());
        builder.Services.Replace(ServiceDescriptor.Singleton(logging));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // A replication stream is quiet when nothing is written, and as wide as bandwidth times delay when much is.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.InitialStreamWindowSize = windowBytes;
            kestrel.Limits.Http2.InitialConnectionWindowSize = windowBytes;
            kestrel.Listen(IPAddress.Parse(endpoint.Host), endpoint.Port, listen => listen.Protocols = protocols);
        });
        var app = builder.Build();
        app.UseRouting();
        return app;
    }

    /// <summary>Signals are the host's; a side listener ends when the host says so.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
