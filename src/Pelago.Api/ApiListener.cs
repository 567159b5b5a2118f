using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pelago.Model;
using Pelago.Pki;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Pelago.Api;

/// <summary>Where and how an API listens.</summary>
/// <param name="Hostname">The one name that it answers to.</param>
/// <param name="Port">TCP port on loopback.</param>
public sealed record ApiListenerOptions(string Hostname, int Port)
{
    /// <summary>Longest TLS handshake.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most connections at once.</summary>
    public long MaxConnections { get; init; } = 1000;

    /// <summary>Time that requests in flight get when the host stops.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>Builds the HTTPS listener of an API.</summary>
public static class ApiListener
{
    // An endpoint refuses a name that is too long, with a code; from here on the library refuses, without one.
    private const int MaxHeadBytes = 256 * 1024;

    /// <summary>An application that listens once it is started; the caller maps its endpoints and disposes
    /// it.</summary>
    /// <param name="options">Where.</param>
    /// <param name="identity">Certificate to show.</param>
    /// <param name="logging">Where logs go.</param>
    public static WebApplication Create(ApiListenerOptions options, PinnedCertificate identity, ILoggerFactory logging)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
            kestrel.Limits.MaxRequestLineSize = MaxHeadBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeadBytes;
            kestrel.Limits.Http2.MaxRequestHeaderFieldSize = MaxHeadBytes;
            kestrel.Limits.MaxRequestBodySize = JsonBody.MaxBytes; // an endpoint that streams raises it for itself
            kestrel.Listen(IPAddress.Loopback, options.Port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(new TlsHandshakeCallbackOptions
                {
                    HandshakeTimeout = options.HandshakeTimeout,
                    OnConnection = _ => ValueTask.FromResult(TlsProfiles.Server(identity.Context)),
                });
            });
        });
        builder.Services.Replace(ServiceDescriptor.Singleton(logging));
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, NoSignals>());
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.ShutdownTimeout);
        var app = builder.Build();
        app.Use((context, next) => GuardAsync(context, next, options, logging.CreateLogger("Pelago.Api")));
        app.UseRouting();
        app.Use(AnswerUnmatchedAsync);
        return app;
    }

    /// <summary>Checks the name that was asked for and turns whatever escapes an endpoint into a problem.</summary>
    private static async Task GuardAsync(
        HttpContext context, RequestDelegate next, ApiListenerOptions options, ILogger log)
    {
        try
        {
            if (!string.Equals(context.Request.Host.Host.TrimEnd('.'), options.Hostname,
                StringComparison.OrdinalIgnoreCase))
            {
                await Problems.WriteAsync(context, new Failure(ErrorCodes.WrongHost,
                    "This listener does not serve the host that was asked for.", $"Ask for '{options.Hostname}'."));
                return;
            }
            await next(context);
        }
        catch (PelagoException e)
        {
            await Problems.WriteAsync(context, e.Failure);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
        catch (BadHttpRequestException e)
        {
            await Problems.WriteAsync(context, e.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? new Failure(ErrorCodes.BodyTooLarge, "The body is larger than this address takes.", "Send less.")
                : new Failure(ErrorCodes.MalformedBody, "The request cannot be read.",
                    "Send a well-formed HTTP request."));
        }
        catch (Exception e)
        {
            Log.EndpointFailed(log, context.Request.Method, context.Request.Path, e);
            await Problems.WriteAsync(context, new Failure(ErrorCodes.Unexpected,
                "The request failed for a reason that is in the log of this process.",
                    "Look into its log, then try again."));
        }
    }

    private static Task AnswerUnmatchedAsync(HttpContext context, RequestDelegate next)
    {
        // Routing answers a known path with another method by an endpoint of its own, without a body.
        var endpoint = context.GetEndpoint();
        if (endpoint is null)
            return Problems.WriteAsync(context, NoSuchAddress);
        return endpoint.DisplayName == "405 HTTP Method Not Supported"
            ? Problems.WriteAsync(context, WrongMethod)
            : next(context);
    }

    private static Failure NoSuchAddress { get; }
        = new(ErrorCodes.NoSuchAddress, "There is nothing at this address.", "Check the path.");

    private static Failure WrongMethod { get; }
        = new(ErrorCodes.MethodNotAllowed, "This address does not take the method.", "Check the method.");
}
