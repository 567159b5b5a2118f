using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Pelago.Ingress;

/// <summary>Copies an instance's answer to the client.</summary>
internal static class Answers
{
    private const int PieceBytes = 16 * 1024;

    public static async Task CopyAsync(
        HttpResponseMessage from,
        HttpContext context,
        CancellationToken cancellationToken
    )
    {
        var to = context.Response;
        to.StatusCode = (int)from.StatusCode;
        var connection = from.Headers.Connection;
        foreach (var (name, values) in from.Headers.NonValidated)
            Add(to, name, values, connection);
        foreach (var (name, values) in from.Content.Headers.NonValidated)
            Add(to, name, values, connection);

        await to.StartAsync(cancellationToken).ConfigureAwait(false);
        var body = await from.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
            await CopyAsync(body, to.BodyWriter, cancellationToken).ConfigureAwait(false);
        AddTrailers(from, context);
    }

    private static async Task CopyAsync(Stream body, PipeWriter to, CancellationToken cancellationToken)
    {
        // Not pooled: when flushing fails, the read that runs beside it still writes into this.
        var buffer = new byte[PieceBytes];
        var next = body.ReadAsync(buffer, cancellationToken);
        // A stream may be silent for long and is open all the same: its headers do not wait for its first bytes.
        if (!next.IsCompleted)
            await to.FlushAsync(cancellationToken).ConfigureAwait(false);
        for (var read = await next.ConfigureAwait(false); read > 0;)
        {
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
    }

    private static void Add(
        HttpResponse to,
        string name,
        System.Net.Http.Headers.HeaderStringValues values,
        ICollection<string> connection
    )
    {
        if (HeaderRules.PassesOut(name, connection))
            to.Headers.Append(name, new StringValues([.. values]));
    }

    private static void AddTrailers(HttpResponseMessage from, HttpContext context)
    {
        if (context.Features.Get<IHttpResponseTrailersFeature>() is not { Trailers.IsReadOnly: false } trailers)
            return;
        foreach (var (name, values) in from.TrailingHeaders.NonValidated)
        {
            if (HeaderRules.PassesOut(name, null))
                trailers.Trailers.Append(name, new StringValues([.. values]));
        }
    }
}
