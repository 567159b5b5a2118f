using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Pelago.Sdk;

/// <summary>A request's body that ends the reading once it is longer than a service takes, and whose rest can be
/// thrown away.</summary>
/// <remarks>A sender that writes its whole request before it reads, as the ingress does, sees a broken connection
/// instead of the answer when the connection is closed on it. The server's own limit closes it at once; its own reading
/// of what nobody read ends after five seconds, and counts the framing of chunks, so that what an ingress let through
/// can be too long for it. Hence both are done here: the service answers, and reads on.</remarks>
internal sealed class BoundedBody(Stream inner, long maxBytes) : Stream
{
    /// <summary>Longest body that is read to its end, used or not: the most that an ingress lets through.</summary>
    public const long MaxDiscardedBytes = 32 * 1024 * 1024;

    private const int PieceBytes = 16 * 1024;

    private long taken;

    /// <summary>Whether its end was read.</summary>
    public bool HasEnded { get; private set; }

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
        => Count(await inner.ReadAsync(buffer, cancellationToken), buffer.Length);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Reads what is left of a body and throws it away, so that its sender comes to read the answer.</summary>
    /// <returns>Whether that was the end of it; false when it is longer than an ingress lets through, or broke
    /// off.</returns>
    public async Task<bool> DiscardRestAsync(CancellationToken cancellationToken)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            while (!HasEnded && taken <= Math.Max(maxBytes, MaxDiscardedBytes))
                Took(await inner.ReadAsync(piece, cancellationToken), piece.Length);
            return HasEnded;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false; // its sender is gone, or sends no body but something else
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count), count);

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Count(int read, int asked)
    {
        Took(read, asked);
        return taken <= maxBytes ? read : throw new BadHttpRequestException(
            "The body is too large.", StatusCodes.Status413PayloadTooLarge);
    }

    private void Took(int read, int asked)
    {
        taken += read;
        HasEnded |= read == 0 && asked > 0; // who asks for nothing only waits for more
    }
}
