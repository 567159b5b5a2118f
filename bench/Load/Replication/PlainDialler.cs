using System.IO.Pipelines;
using System.Net;
using Pelago.Entities;

namespace Pelago.Bench.Load;

/// <summary>Dials a peer's remoting listener over HTTP/2 cleartext, through whatever stands at the port: the stream
/// as it is between an ingress and its instance.</summary>
public sealed class PlainDialler(string self, Func<string, int> portOf, string secret) : IPeerDialler
{
    private const int StreamWindowBytes = 16 * 1024 * 1024;

    private long receivedBytes;

    /// <summary>Bytes that came back on all streams so far.</summary>
    public long ReceivedBytes => Interlocked.Read(ref receivedBytes);

    /// <inheritdoc />
    public async ValueTask<PeerStream> DialAsync(string peer, CancellationToken cancellationToken)
    {
        var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false, InitialHttp2StreamWindowSize = StreamWindowBytes,
        });
        var content = new PipeContent();
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new UriBuilder("http", "127.0.0.1", portOf(peer), ReplicationEndpointExtensions.Path).Uri)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content,
        };
        request.Headers.Add(ReplicationAccess.SecretHeader, secret);
        request.Headers.Add(ReplicationAccess.ClientHeader, $"bench.load.svc.{self}.apps");
        var response = await http.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var counted = new CountedStream(body, bytes => Interlocked.Add(ref receivedBytes, bytes));
        return new PeerStream(PipeReader.Create(counted), content.Writer, () =>
        {
            response.Dispose();
            http.Dispose();
            return ValueTask.CompletedTask;
        });
    }

    private sealed class CountedStream(Stream inner, Action<int> read) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var bytes = await inner.ReadAsync(buffer, cancellationToken);
            read(bytes);
            return bytes;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class PipeContent : HttpContent
    {
        private readonly Pipe pipe = new();

        public PipeContent() => Headers.TryAddWithoutValidation("Content-Type",
            ReplicationEndpointExtensions.MediaType);

        public PipeWriter Writer => pipe.Writer;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            while (true)
            {
                var read = await pipe.Reader.ReadAsync();
                foreach (var segment in read.Buffer)
                    await stream.WriteAsync(segment);
                await stream.FlushAsync();
                pipe.Reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return;
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
