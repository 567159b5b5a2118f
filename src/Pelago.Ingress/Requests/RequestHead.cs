using Microsoft.AspNetCore.Http;
using Pelago.Model;

namespace Pelago.Ingress;

/// <summary>Stage 1: whether a request's target and headers are within the ingress's bounds, and the target can be read
/// in one way only.</summary>
internal static class RequestHead
{
    // ": " and the line's end: how HTTP/1.1 writes a header, and near enough to what HTTP/2 counts for one.
    private const int BytesAroundHeader = 4;

    /// <summary>Null when it may pass.</summary>
    public static Failure? Check(string target, IHeaderDictionary headers, IngressOptions options)
    {
        if (target.Length > options.MaxRequestTargetBytes)
            return new Failure(ErrorCodes.TargetTooLong,
                $"The request's path and query are longer than {options.MaxRequestTargetBytes} bytes.",
                "Send long values in the body.");
        if (RequestTarget.Check(target) is { } ambiguous)
            return RequestTarget.Ambiguous(ambiguous);
        var (count, bytes) = (0, 0);
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                count++;
                bytes += name.Length + (value?.Length ?? 0) + BytesAroundHeader;
            }
        }
        return count > options.MaxRequestHeaderCount || bytes > options.MaxRequestHeadersBytes
            ? new Failure(ErrorCodes.HeadersTooLarge,
                $"The request has more than {options.MaxRequestHeaderCount} headers, or more than "
                    + $"{options.MaxRequestHeadersBytes} bytes of them.",
                "Send fewer or smaller headers; clear cookies that are not needed.")
            : null;
    }
}
