using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Pelago.Ingress;

/// <summary>The body of a request on its way to the instance: each piece is sent on as it comes, and none is kept.
/// Being a content type of its own, it may still be sending while the answer is already being read, which is what a
/// stream in both directions is.</summary>
internal sealed class ForwardedBody(HttpContext context) : HttpContent
{
    /// <summary>Whether any of it was read: from then on the request cannot be repeated elsewhere.</summary>
    public bool Started { get; private set; }

    /// <summary>What was wrong with the client's side of it (too large, malformed, cut off), or null.</summary>
    public BadHttpRequestException? ClientFault { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? transport)
        => SerializeToStreamAsync(stream, transport, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? transport,
        CancellationToken cancellationToken
    )
    {
        Started = true;
        try
        {
            await CopyAsync(stream, cancellationToken).ConfigureAwait(false);
        }
        catch (BadHttpRequestException e)
        {
            ClientFault = e;
            throw;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = context.Request.ContentLength ?? 0;
        return context.Request.ContentLength is not null;
    }

    private async Task CopyAsync(Stream stream, CancellationToken cancellationToken)
    {
        // The headers of the request go out before the first piece of the body comes in.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        var limit = context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? long.MaxValue;
        var reader = context.Request.BodyReader;
        var total = 0L;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            total += read.Buffer.Length;
            // Over HTTP/2 the server counts a piece when it is consumed, which would be after it was sent on.
            if (total > limit)
                throw new BadHttpRequestException("Too large.", StatusCodes.Status413PayloadTooLarge);
            foreach (var piece in read.Buffer)
                await stream.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            if (!read.Buffer.IsEmpty)
                await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return;
        }
    }
}
