using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pelago.Api;
using Pelago.Model;

namespace Pelago.Drills;

/// <summary>The control interface of a role on this machine: plain HTTP on loopback, every request with the world's
/// administrator token. Logs go to standard output, which the supervisor keeps in a file.</summary>
public static class ControlListener
{
    /// <summary>Largest request body.</summary>
    public const int MaxBodyBytes = 64 * 1024;

    /// <summary>Creates the application; the caller maps its endpoints and runs it.</summary>
    /// <param name="port">Loopback port.</param>
    /// <param name="adminTokenSha256">SHA-256 of the token in lower-case hex.</param>
    public static WebApplication Create(int port, string adminTokenSha256)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(3));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            });
        var application = builder.Build();
        application.Use((context, next) => AnswerAsync(context, next, adminTokenSha256, application.Logger));
        return application;
    }

    /// <summary>Reads a request's body.</summary>
    /// <exception cref="PelagoException">PLG2003 when it is not what it should be.</exception>
    public static async Task<T> ReadAsync<T>(HttpRequest request, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(request.Body, WorldJson.Options, cancellationToken)
                ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new Failure(ErrorCodes.MalformedBody, $"The body is not a {typeof(T).Name}: {e.Message}",
                Field: e.Path).ToException(e);
        }
    }

    /// <summary>An answer.</summary>
    public static IResult Answer<T>(T value) => Results.Json(value, WorldJson.Options);

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next, string adminTokenSha256,
        ILogger log)
    {
        try
        {
            if (!BearerToken.Authorizes(context.Request, adminTokenSha256))
            {
                throw new Failure(ErrorCodes.ControlRefused,
                    "The administrator token of this world is missing or wrong.",
                    "It is in admin.token in the world's data directory.").ToException();
            }
            await next(context);
        }
        catch (PelagoException e) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, e.Failure);
        }
        catch (Exception e) when (e is not (OperationCanceledException or BadHttpRequestException)
            && !context.Response.HasStarted)
        {
            Log.ControlFailed(log, context.Request.Path, e);
            await Problems.WriteAsync(context, new Failure(ErrorCodes.Unexpected,
                $"It failed for a reason that is in the log of the process: {e.GetType().Name}.",
                "'pelago logs' shows it."));
        }
    }
}
