using Microsoft.AspNetCore.Http;

namespace Pelago.Sdk;

/// <summary>A request's body that ends the reading once it is longer than a service takes.</summary>
/// <remarks>The server has a limit of its own, but closes the connection where it is passed. A sender that writes its
/// whole request before it reads, as the ingress does, then sees a broken connection instead of the answer. Here the
/// service answers first, and the server throws the rest of the body away (up to <see cref="MaxDiscardedBytes"/>, the
/// most that an ingress lets through).</remarks>
internal sealed class BoundedBody(Stream inner, long maxBytes) : Stream
{
    /// <summary>Longest body that is read to its end, used or not.</summary>
    public const long MaxDiscardedBytes = 32 * 1024 * 1024;

    private long left = maxBytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="BadHttpRequestException">413: the body is longer than the service takes.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        => Count(await inner.ReadAsync(buffer, cancellationToken));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Count(int read)
    {
        left -= read;
        return left >= 0 ? read : throw new BadHttpRequestException(
            "The body is too large.", StatusCodes.Status413PayloadTooLarge);
    }
}
