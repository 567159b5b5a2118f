using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Pelago.Ingress;

/// <summary>One request being forwarded, and what became of it.</summary>
internal sealed class Exchange(HttpContext context, string target, Destination destination) : IDisposable
{
    // The path was checked by stage 1 and must reach the instance as it was received, so the library may not tidy it
    // up.
    private static readonly UriCreationOptions AsReceived = new()
    {
        DangerousDisablePathAndQueryCanonicalization = true,
    };

    private readonly List<HttpRequestMessage> _requests = [];

    public Destination Destination { get; } = destination;

    /// <summary>Who was asked last.</summary>
    public Upstream? Instance { get; private set; }

    /// <summary>The body of the last attempt; null when the request has none.</summary>
    public ForwardedBody? Body { get; private set; }

    public bool TimedOut { get; set; }

    /// <summary>The request as the instance gets it.</summary>
    public HttpRequestMessage NewRequest(Upstream instance)
    {
        Instance = instance;
        var address = Destination.IsStream ? instance.RemotingUrl! : instance.Url;
        var request = new HttpRequestMessage(
            HttpMethod.Parse(context.Request.Method),
            new Uri(address.TrimEnd('/') + target, AsReceived)
        )
        {
            Version = Destination.IsStream ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _requests.Add(request);
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false })
            request.Content = Body = new ForwardedBody(context);
        AddHeaders(request, instance);
        return request;
    }

    public void Dispose()
    {
        foreach (var request in _requests)
            request.Dispose();
    }

    private void AddHeaders(HttpRequestMessage request, Upstream instance)
    {
        var received = context.Request.Headers;
        foreach (var (name, values) in received)
        {
            if (!HeaderRules.PassesIn(name, received))
                continue;
            // HTTP/2 may split a cookie over several fields; HTTP/1.1 allows one (RFC 9113, section 8.2.3).
            var isCookie = name.Equals("Cookie", StringComparison.OrdinalIgnoreCase);
            Add(request, name, isCookie ? new StringValues(string.Join("; ", values.ToArray())) : values);
        }
        request.Headers.Host = context.Request.Host.Value;
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", context.Request.Host.Value);
        request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");
        if (Destination.Client is { } client)
        {
            request.Headers.TryAddWithoutValidation(HeaderRules.Client, client.San);
            request.Headers.TryAddWithoutValidation(HeaderRules.IngressSecret, instance.IngressSecret);
        }
    }

    private static void Add(HttpRequestMessage request, string name, StringValues values)
    {
        // The library keeps headers of the body apart and refuses them among the others; a request without a body may
        // have them all the same.
        if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
        {
            request.Content ??= new ReadOnlyMemoryContent(ReadOnlyMemory<byte>.Empty);
            request.Content.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }
    }
}
