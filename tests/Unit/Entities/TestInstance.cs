using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Pelago.Entities;

namespace Pelago.Tests.Unit.Entities;

/// <summary>A region's runtime behind its management listener, over real HTTP.</summary>
internal sealed class TestInstance : IAsyncDisposable
{
    /// <summary>What proves that the region speaks.</summary>
    public const string Secret = "secret";

    private readonly WebApplication app;
    private readonly TaskCompletionSource hungUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TestInstance(TestRegion region, WebApplication app)
        => (Region, this.app, Runtime) = (region, app, region.Runtime);

    public TestRegion Region { get; }

    /// <summary>What the listener shows; null while the instance starts.</summary>
    public EntityRuntime? Runtime { get; set; }

    public HttpClient Http { get; } = new();

    /// <summary>Done once the listener has noticed that a caller is gone.</summary>
    public Task HungUp => hungUp.Task;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="map">Maps what is tested.</param>
    public static async Task<TestInstance> StartAsync(TestRegion region, Action<IEndpointRouteBuilder,
        Func<EntityRuntime?>, Func<ReplicationAccess?>> map)
    {
        var app = LoopbackListener.Create(
            Model.Endpoint.Loopback(0), HttpProtocols.Http1, 1024 * 1024, NullLoggerFactory.Instance);
        var instance = new TestInstance(region, app);
        app.Use((HttpContext context, RequestDelegate next) =>
        {
            context.RequestAborted.Register(() => instance.hungUp.TrySetResult());
            return next(context);
        });
        map(app, () => instance.Runtime, () => new ReplicationAccess(Secret, "s", "p", () => []));
        await app.StartAsync(Stop);
        instance.Http.BaseAddress = new Uri(app.Urls.Single());
        return instance;
    }

    /// <summary>Posts JSON.</summary>
    public async Task<HttpResponseMessage> PostAsync(
        string path, string? json, string secret = Secret, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (json is not null)
            request.Content = new StringContent(json, new MediaTypeHeaderValue("application/json"));
        request.Headers.Add(ReplicationAccess.SecretHeader, secret);
        return await Http.SendAsync(request, cancellationToken);
    }

    /// <summary>Posts JSON, and what comes of it.</summary>
    public async Task<HttpStatusCode> StatusOfPostAsync(string path, string? json, string secret = Secret)
    {
        using var answer = await PostAsync(path, json, secret, Stop);
        return answer.StatusCode;
    }

    /// <summary>What comes of getting a path.</summary>
    public async Task<HttpStatusCode> StatusOfGetAsync(string path)
    {
        using var answer = await Http.GetAsync(path, Stop);
        return answer.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.DisposeAsync();
        await Region.DisposeAsync();
    }
}
