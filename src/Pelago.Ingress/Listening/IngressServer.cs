using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pelago.Ingress;

/// <summary>A region's ingress: two listeners before the region's instances. Runs beside whatever else its process
/// hosts; reads no configuration, environment or signal of its own. Routes and certificates change under it without
/// touching a request.</summary>
public sealed class IngressServer : IAsyncDisposable
{
    private readonly WebApplication _public;
    private readonly WebApplication _interRegion;
    private readonly RequestPath _path;
    private readonly Forwarder _forwarder;
    private readonly CancellationTokenSource _drain = new();

    private IngressServer(
        IngressOptions options,
        IServerCertificates certificates,
        IInterRegionTls interRegion,
        RouteTable routes,
        TimeProvider clock,
        ILoggerFactory logs
    )
    {
        var log = logs.CreateLogger("Pelago.Ingress");
        _forwarder = new Forwarder(options, clock, log, _drain.Token);
        _path = new RequestPath(options, _forwarder, routes, log);
        var handshakes = new Handshakes(options, certificates, interRegion, clock, log);
        _public = Build(Face.Public, options, handshakes, clock, logs);
        _interRegion = Build(Face.InterRegion, options, handshakes, clock, logs);
    }

    /// <summary>The routes in use; setting them swaps all at once, for requests that begin afterwards.</summary>
    public RouteTable Routes
    {
        get => _path.Routes;
        set => _path.Routes = value;
    }

    /// <summary>Port of the public listener.</summary>
    public int PublicPort => Port(_public);

    /// <summary>Port of the inter-region listener.</summary>
    public int InterRegionPort => Port(_interRegion);

    /// <summary>Starts both listeners; when one cannot start, neither runs.</summary>
    /// <exception cref="IOException">A port is in use.</exception>
    public static async Task<IngressServer> StartAsync(
        IngressOptions options,
        IServerCertificates certificates,
        IInterRegionTls interRegion,
        RouteTable routes,
        TimeProvider clock,
        ILoggerFactory logs,
        CancellationToken cancellationToken
    )
    {
        var server = new IngressServer(options, certificates, interRegion, routes, clock, logs);
        try
        {
            await server._public.StartAsync(cancellationToken).ConfigureAwait(false);
            await server._interRegion.StartAsync(cancellationToken).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Drains: 1. both listeners close and every connection is told so (GOAWAY, <c>Connection: close</c>), 2.
    /// replication streams are reset, because they would not end on their own and their dialler opens them again
    /// elsewhere, 3. other requests have until the deadline, 4. what is left is cut.
    /// </summary>
    public async Task StopAsync(TimeSpan deadline)
    {
        using var limit = new CancellationTokenSource(deadline);
        var stopping = Task.WhenAll(_public.StopAsync(limit.Token), _interRegion.StopAsync(limit.Token));
        await _drain.CancelAsync().ConfigureAwait(false);
        await stopping.ConfigureAwait(false);
    }

    /// <summary>Stops without waiting for requests.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _public.DisposeAsync().ConfigureAwait(false);
        await _interRegion.DisposeAsync().ConfigureAwait(false);
        _forwarder.Dispose();
        _drain.Dispose();
    }

    private WebApplication Build(
        Face face,
        IngressOptions options,
        Handshakes handshakes,
        TimeProvider clock,
        ILoggerFactory logs
    )
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.Replace(ServiceDescriptor.Singleton(logs));
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, NoSignals>());
        // The caller of StopAsync says how long; the library would cut in after thirty seconds.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            KestrelLimits.Apply(kestrel, face, options);
            kestrel.Listen(face == Face.Public ? options.Public : options.InterRegion, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.Use(next => connection => WithFactsAsync(connection, next, clock));
                listen.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = options.HandshakeTimeout,
                    OnConnection = context => handshakes.BeginAsync(face, context),
                });
            });
        });
        var app = builder.Build();
        app.Run(context => _path.HandleAsync(face, context));
        return app;
    }

    private static async Task WithFactsAsync(ConnectionContext connection, ConnectionDelegate next, TimeProvider clock)
    {
        using var facts = new ConnectionFacts(connection, clock);
        connection.Features.Set(facts);
        await next(connection).ConfigureAwait(false);
    }

    private static int Port(WebApplication app)
    {
        var address = app
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.First();
        return BindingAddress.Parse(address).Port;
    }

    /// <summary>The process that hosts the ingress decides when it stops; the library's console lifetime would answer
    /// signals.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
