using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Pelago.Ingress;

namespace Pelago.Tests.Ingress;

/// <summary>A service instance: an application over HTTP/1.1 and a remoting endpoint over cleartext HTTP/2, on ports of
/// the system's choice. Records what reached it, connections and bytes included.</summary>
internal sealed class RecordingInstance : IAsyncDisposable
{
    public const string Secret = "c2VjcmV0LW9mLXRoaXMtaW5zdGFuY2U";

    private readonly WebApplication _app;
    private int _connections;

    private RecordingInstance(WebApplication app, string id) => (_app, Id) = (app, id);

    public string Id { get; }

    /// <summary>Connections opened to either endpoint.</summary>
    public int Connections => Volatile.Read(ref _connections);

    public ConcurrentQueue<Seen> Requests { get; } = new();

    /// <summary>What a request does; echoes its body unless a test says otherwise.</summary>
    public RequestDelegate Handler { get; set; } = EchoAsync;

    public Upstream Upstream { get; private set; } = null!;

    public static async Task<RecordingInstance> StartAsync(string id = "instance-1")
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        RecordingInstance? self = null;
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MaxRequestLineSize = 64 * 1024; // as a service's listener has it
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            foreach (var protocol in (HttpProtocols[])[HttpProtocols.Http1, HttpProtocols.Http2])
            {
                kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.Protocols = protocol;
                    listen.Use(next => connection => self!.CountAsync(next, connection));
                });
            }
        });
        var app = builder.Build();
        self = new RecordingInstance(app, id);
        app.Run(self.HandleAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        var addresses = app
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.ToArray();
        self.Upstream = new Upstream(id, addresses[0], addresses[1], Secret, Ready: true);
        return self;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task CountAsync(ConnectionDelegate next, ConnectionContext connection)
    {
        Interlocked.Increment(ref _connections);
        return next(connection);
    }

    private Task HandleAsync(HttpContext context)
    {
        Requests.Enqueue(
            new Seen(
                context.Request.Method,
                context.Features.Get<IHttpRequestFeature>()!.RawTarget,
                context.Request.Protocol,
                context.Request.Headers.ToDictionary(
                    h => h.Key,
                    h => h.Value.Select(v => v ?? "").ToArray(),
                    StringComparer.OrdinalIgnoreCase
                )
            )
        );
        context.Response.Headers["Instance"] = Id;
        return Handler(context);
    }

    private static async Task EchoAsync(HttpContext context)
    {
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    public sealed record Seen(
        string Method,
        string Target,
        string Protocol,
        IReadOnlyDictionary<string, string[]> Headers
    )
    {
        public string? Header(string name) =>
            Headers.TryGetValue(name, out var values) ? string.Join("|", values) : null;
    }
}
