using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk;

/// <summary>The first thing that a request meets: headers in, causality scope, headers out, and every failure as
/// problem details.</summary>
/// <remarks>Steps: 1. name the region; 2. drop what only the ingress may say, refuse ambiguous paths and large bodies;
/// 3. read token and idempotency key, and take the request's fingerprint when it has a key; 4. run the service's own
/// pipeline within the scope; 5. write the token as the
/// response begins; 6. turn what failed, or what routing refused without a body, into a problem; 7. read the rest of a
/// body that was not read.</remarks>
internal sealed class PelagoMiddleware(
    RequestDelegate next, RunningService service, IOptions<PelagoOptions> options, ILogger<PelagoMiddleware> logger)
{
    private readonly long maxBodyBytes = options.Value.MaxRequestBodyKibibytes * 1024L;

    public async Task InvokeAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        context.Response.Headers[PelagoHeaders.Region] = service.Region;
        DropForgedIdentity(headers);
        if (EscapedPath.Check(context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "") is { } ambiguous)
        {
            await Problems.WriteAsync(context, ambiguous);
            return;
        }
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null; // counted here
        var body = new BoundedBody(context.Request.Body, maxBodyBytes);
        context.Request.Body = body;
        await AnswerAsync(context);
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true
            && context.Response.StatusCode != StatusCodes.Status101SwitchingProtocols)
            await DiscardRestAsync(context, body);
    }

    private static async Task DiscardRestAsync(HttpContext context, BoundedBody body)
    {
        if (body.HasEnded)
            return;
        await context.Response.CompleteAsync();
        if (!await body.DiscardRestAsync(context.RequestAborted))
            context.Abort();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.ContentLength > maxBodyBytes)
        {
            await Problems.WriteAsync(context, BodyTooLarge);
            return;
        }
        if (ReadScope(context.Request.Headers, out var scope) is { } failure)
        {
            await Problems.WriteAsync(context, failure);
            return;
        }
        CausalityScope.Current = scope;
        context.Response.OnStarting(static state =>
        {
            var (context, scope, service) = ((HttpContext, CausalityScope, RunningService))state;
            if (!scope.Token.IsEmpty)
                context.Response.Headers[PelagoHeaders.Causality] = service.Tokens.Write(scope.Token);
            return Task.CompletedTask;
        }, (context, scope, service));
        await RunAsync(context, scope);
    }

    private async Task RunAsync(HttpContext context, CausalityScope scope)
    {
        try
        {
            if (scope.IsKeyed)
                scope.Fingerprint = await RequestFingerprint.TakeAsync(context.Request, context.RequestAborted);
            await next(context);
            if (Unanswered(context) is { } refused)
                await Problems.WriteAsync(context, refused);
        }
        catch (PelagoException e)
        {
            await Problems.WriteAsync(context, e.Failure);
        }
        catch (InvalidRequestException e)
        {
            await Problems.WriteAsync(context, e.Failures);
        }
        catch (BadHttpRequestException e)
        {
            await Problems.WriteAsync(context, Translate(e));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort(); // nobody is there to answer to
        }
        catch (Exception e)
        {
            Log.RequestFailed(logger, context.Request.Method, e);
            await Problems.WriteAsync(context, new Failure(ErrorCodes.Unexpected,
                "The request failed for a reason that is in the service's log.",
                    "Try again; tell the service's operator."));
        }
    }

    private void DropForgedIdentity(IHeaderDictionary headers)
    {
        if (!service.CameThroughIngress(headers[PelagoHeaders.IngressSecret]))
            headers.Remove(PelagoHeaders.Client);
        headers.Remove(PelagoHeaders.IngressSecret);
    }

    private Failure? ReadScope(IHeaderDictionary headers, out CausalityScope scope)
    {
        string? key = headers[PelagoHeaders.IdempotencyKey];
        Acknowledgement? level = null;
        var failure = service.Tokens.Read(headers[PelagoHeaders.Causality], out var token) ?? CheckKey(key)
            ?? ReadLevel(headers[PelagoHeaders.Acknowledge], out level);
        scope = new CausalityScope(token, key ?? "") { Acknowledgement = level };
        return failure;
    }

    private static Failure? ReadLevel(string? text, out Acknowledgement? level)
    {
        level = null;
        if (text is null)
            return null;
        if (!Acknowledgement.TryParse(text, out var asked))
        {
            return new Failure(ErrorCodes.InvalidField,
                "The level of acknowledgement must be 'local', 'majority' or a number of regions.",
                "Send, for example, majority.", PelagoHeaders.Acknowledge);
        }
        level = asked;
        return null;
    }

    private static Failure? CheckKey(string? key)
    {
        // Room is left for the number that a request's further commands append.
        const int Longest = EventLimits.MaxIdempotencyKeyLength - 16;
        if (key is null)
            return null;
        if (key.Length is 0 or > Longest || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return new Failure(ErrorCodes.InvalidIdempotencyKey,
                $"The idempotency key must have 1–{Longest} printable ASCII characters.",
                "Send, for example, a UUID.", PelagoHeaders.IdempotencyKey);
        }
        return CausalityScope.IsNumbered(key)
            ? new Failure(ErrorCodes.InvalidIdempotencyKey,
                "The idempotency key ends in '#' and a number, as the keys of a request's further commands do.",
                "Leave the '#' out, or put something behind the number.", PelagoHeaders.IdempotencyKey)
            : null;
    }

    private Failure Translate(BadHttpRequestException e) => e.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge
            => BodyTooLarge,
        StatusCodes.Status415UnsupportedMediaType => UnsupportedMediaType,
        _ => new Failure(ErrorCodes.MalformedBody, "The request is not what this address takes.",
            "Compare it with the service's description."),
    };

    // Routing and binding refuse without a body; a handler of the service that answers 404 itself has begun its
    // response.
    private Failure? Unanswered(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.ContentLength is > 0 || response.ContentType is not null)
            return null;
        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound
                => new Failure(ErrorCodes.NoSuchAddress, "There is nothing at this address.", "Check the path."),
            StatusCodes.Status405MethodNotAllowed => new Failure(ErrorCodes.MethodNotAllowed,
                "This address does not take that method.", $"Methods: {response.Headers.Allow}."),
            StatusCodes.Status413PayloadTooLarge
                => BodyTooLarge,
            StatusCodes.Status415UnsupportedMediaType => UnsupportedMediaType,
            StatusCodes.Status400BadRequest => new Failure(ErrorCodes.MalformedBody,
                "The request is not what this address takes.", "Compare it with the service's description."),
            _ => null,
        };
    }

    private Failure BodyTooLarge => new(ErrorCodes.BodyTooLarge,
        $"The body is larger than the {maxBodyBytes} bytes that this service takes.", "Send less at a time.");

    private static Failure UnsupportedMediaType { get; } = new(ErrorCodes.UnsupportedMediaType,
        "The body's media type is not taken here.", "Send Content-Type: application/json.", "Content-Type");
}
