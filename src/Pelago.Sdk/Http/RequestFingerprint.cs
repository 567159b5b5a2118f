using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Pelago.Entities;

namespace Pelago.Sdk;

/// <summary>What makes a request the one that an idempotency key stands for: method, path, query and body, byte for
/// byte. A client repeats a request by sending the same bytes again, so nothing is read into them; headers do not
/// count, because tokens and traces differ from try to try.</summary>
internal static class RequestFingerprint
{
    /// <summary>Reads the body to its end and puts a copy in its place: the handler's commands need the fingerprint,
    /// and nobody knows whether it sends the first before or after it has read the body.</summary>
    /// <param name="request">Its body is bounded already.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="BadHttpRequestException">The body is too long, too slow, or broken.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> TakeAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // A method holds no space and a path no line feed that is not escaped: the parts cannot run into each other.
        var path = request.PathBase.ToUriComponent() + request.Path.ToUriComponent();
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {path}{request.QueryString}\n"));
        hash.AppendData(body.GetBuffer().AsSpan(0, (int)body.Length));
        body.Position = 0;
        request.Body = body;
        return hash.GetHashAndReset().AsMemory(0, RequestOptions.FingerprintBytes);
    }
}
