using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;

namespace Pelago.Entities;

/// <summary>A request body that is written while the response is read: whatever is flushed into the pipe leaves at
/// once.</summary>
internal sealed class DuplexContent : HttpContent
{
    private const int PauseBytes = 1024 * 1024;
    private readonly Pipe pipe = new(new PipeOptions(
        pauseWriterThreshold: PauseBytes, resumeWriterThreshold: PauseBytes / 2, useSynchronizationContext: false));

    public DuplexContent() => Headers.ContentType = new MediaTypeHeaderValue(ReplicationEndpointExtensions.MediaType);

    /// <summary>Where to write; completing it ends the body.</summary>
    public PipeWriter Writer => pipe.Writer;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        => CopyAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
            => CopyAsync(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async Task CopyAsync(Stream stream, CancellationToken cancellationToken)
    {
        await stream.FlushAsync(cancellationToken); // the headers go out before there is a body
        try
        {
            while (true)
            {
                var read = await pipe.Reader.ReadAsync(cancellationToken);
                foreach (var segment in read.Buffer)
                    await stream.WriteAsync(segment, cancellationToken);
                await stream.FlushAsync(cancellationToken);
                pipe.Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return;
            }
        }
        finally
        {
            await pipe.Reader.CompleteAsync(); // the writer learns that nobody takes its bytes any more
        }
    }
}
