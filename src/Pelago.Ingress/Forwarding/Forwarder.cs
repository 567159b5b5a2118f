using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Pelago.Model;

namespace Pelago.Ingress;

/// <summary>Stage 5: hands a request to an instance and its answer to the client.</summary>
internal sealed class Forwarder : IDisposable
{
    private const int Http2Cancel = 8; // RFC 9113, section 7

    private readonly IngressOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationToken _drain;
    private readonly HttpMessageInvoker _applications;
    private readonly HttpMessageInvoker _streams;

    public Forwarder(IngressOptions options, TimeProvider clock, ILogger log, CancellationToken drain)
    {
        (_options, _clock, _log, _drain) = (options, clock, log, drain);
        _applications = new HttpMessageInvoker(NewHandler(options));
        var streams = NewHandler(options);
        streams.InitialHttp2StreamWindowSize = options.StreamWindowBytes;
        _streams = new HttpMessageInvoker(streams);
    }

    /// <summary>
    /// 1. the request is rewritten for an instance, 2. sent; when no connection could be made, to the next one, 3. the
    /// answer's head goes out, 4. its body follows piece by piece. A failure before 3 is a problem document, after it
    /// the connection breaks off.
    /// </summary>
    public async Task ForwardAsync(
        HttpContext context,
        string target,
        Destination destination,
        CancellationToken ending
    )
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted,
            ending,
            destination.IsStream ? _drain : CancellationToken.None
        );
        if (
            destination.IsStream
            && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit
        )
            limit.MaxRequestBodySize = null;
        using var exchange = new Exchange(context, target, destination);
        try
        {
            // 1. and 2.
            using var response = await SendAsync(exchange, stop.Token).ConfigureAwait(false);
            // 3. and 4.
            await Answers.CopyAsync(response, context, stop.Token).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException or OperationCanceledException or BadHttpRequestException)
        {
            await FailAsync(context, exchange, e, stop.Token).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        _applications.Dispose();
        _streams.Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(Exchange exchange, CancellationToken stop)
    {
        var invoker = exchange.Destination.IsStream ? _streams : _applications;
        for (var i = 0; ; i++)
        {
            var request = exchange.NewRequest(exchange.Destination.Instances[i]);
            try
            {
                return await WithinAsync(invoker, request, exchange, stop).ConfigureAwait(false);
            }
            catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConnectionError
                && exchange.Body is not { Started: true }
                && i + 1 < exchange.Destination.Instances.Count)
            {
                _log.TryingNext(exchange.Destination.Instances[i].Id);
            }
        }
    }

    private async Task<HttpResponseMessage> WithinAsync(
        HttpMessageInvoker invoker,
        HttpRequestMessage request,
        Exchange exchange,
        CancellationToken stop
    )
    {
        if (exchange.Destination.IsStream)
            return await invoker.SendAsync(request, stop).ConfigureAwait(false);
        using var limit = new CancellationTokenSource(_options.UpstreamResponseTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
        try
        {
            return await invoker.SendAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            exchange.TimedOut = true;
            throw;
        }
    }

    private async Task FailAsync(HttpContext context, Exchange exchange, Exception e, CancellationToken stop)
    {
        if (context.RequestAborted.IsCancellationRequested)
            return; // the client is gone; there is nobody to tell
        var id = exchange.Instance?.Id ?? "";
        if (context.Response.HasStarted || stop.IsCancellationRequested)
        {
            _log.BrokenOff(id, e.GetType().Name, stop.IsCancellationRequested);
            Reset(context);
            return;
        }
        _log.UpstreamFailed(id, e.GetType().Name, e is HttpRequestException h ? h.HttpRequestError.ToString() : "");
        await Problems.WriteAsync(context, Classify(exchange)).ConfigureAwait(false);
    }

    private static Failure Classify(Exchange exchange) =>
        exchange switch
        {
            { Body.ClientFault.StatusCode: StatusCodes.Status413PayloadTooLarge } => new Failure(
                ErrorCodes.RequestTooLarge,
                "The request's body is larger than the ingress lets through.",
                "Send less."
            ),
            { Body.ClientFault: not null } => new Failure(
                ErrorCodes.MalformedBody,
                "The request's body is malformed or incomplete.",
                "Send it again."
            ),
            { TimedOut: true } => new Failure(
                ErrorCodes.UpstreamTimedOut,
                "The instance did not answer in time.",
                "Try again."
            ),
            _ => new Failure(
                ErrorCodes.UpstreamFailed,
                "The instance could not be reached or broke off.",
                "Try again."
            ),
        };

    private static void Reset(HttpContext context)
    {
        if (context.Features.Get<IHttpResetFeature>() is { } reset)
            reset.Reset(Http2Cancel);
        else
            context.Abort();
    }

    private static SocketsHttpHandler NewHandler(IngressOptions options) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        ConnectTimeout = options.UpstreamConnectTimeout,
        MaxConnectionsPerServer = options.MaxConnectionsPerInstance,
        EnableMultipleHttp2Connections = true,
        MaxResponseHeadersLength = options.MaxResponseHeadersKiB,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
    };
}
