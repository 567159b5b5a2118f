using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>A listener beside the application's own, on loopback, with a pipeline of its own: what it serves can
/// never be reached through the application's address.</summary>
internal static class SideListener
{
    private const int StreamWindowBytes = 16 * 1024 * 1024;

    /// <summary>A listener that is started by its caller.</summary>
    public static WebApplication Create(Endpoint endpoint, HttpProtocols protocols, ILoggerFactory logging)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, NoSignals>());
        builder.Services.AddSingleton(logging);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // A replication stream is quiet when nothing is written, and as wide as bandwidth times delay when much is.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
            kestrel.Limits.Http2.InitialConnectionWindowSize = StreamWindowBytes;
            kestrel.Listen(IPAddress.Parse(endpoint.Host), endpoint.Port, listen => listen.Protocols = protocols);
        });
        var app = builder.Build();
        app.UseRouting();
        return app;
    }

    /// <summary>Signals are the application's; a side listener ends when the service does.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
