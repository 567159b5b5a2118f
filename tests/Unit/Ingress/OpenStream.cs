using System.Net;
using System.Text;

namespace Pelago.Tests.Unit.Ingress;

/// <summary>A replication stream that a test holds open.</summary>
internal sealed class OpenStream : IAsyncDisposable
{
    private readonly InteractiveContent _content;
    private readonly HttpResponseMessage _response;
    private readonly Stream _up;
    private readonly Stream _down;

    private OpenStream(InteractiveContent content, HttpResponseMessage response, Stream up, Stream down)
        => (_content, _response, _up, _down) = (content, response, up, down);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<OpenStream> OpenAsync(HttpClient client)
    {
        var content = new InteractiveContent();
        var url = $"https://{IngressWorld.Bookstore.Value}/pelago.replication.v1/stream";
        var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Version = HttpVersion.Version20,
            Content = content,
        };
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return new OpenStream(content, response, await content.Stream, await response.Content.ReadAsStreamAsync(Stop));
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await _up.WriteAsync(bytes, Stop);
        await _up.FlushAsync(Stop);
    }

    public async Task EchoAsync(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        await WriteAsync(bytes);
        var echo = new byte[bytes.Length];
        await _down.ReadExactlyAsync(echo, Stop);
        echo.ShouldBe(bytes);
    }

    /// <summary>The stream breaks off: it does not end as if all had been said.</summary>
    public async Task ShouldEndAsync()
        => await Should.ThrowAsync<IOException>(async () =>
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            limit.CancelAfter(TimeSpan.FromSeconds(30));
            await _down.ReadExactlyAsync(new byte[1], limit.Token);
        });

    public void Complete() => _content.Complete();

    public ValueTask DisposeAsync()
    {
        _content.Complete();
        _response.Dispose();
        return ValueTask.CompletedTask;
    }
}
