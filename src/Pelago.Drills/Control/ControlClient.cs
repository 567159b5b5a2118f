using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Pelago.Api;
using Pelago.Model;

namespace Pelago.Drills;

/// <summary>Calls a control interface on this machine.</summary>
public sealed class ControlClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _what;

    /// <summary>Prepares calls; connects with the first.</summary>
    /// <param name="what">Who is called, for messages: "the supervisor".</param>
    /// <param name="port">Its loopback port.</param>
    /// <param name="token">The world's administrator token.</param>
    /// <param name="timeout">Longest wait for an answer.</param>
    /// <param name="strangerAt">Who listens on a port, for messages, when it is not a role of this world; else null.
    /// It is asked for every connection before a byte is sent: the token is the world's, and any program can listen on
    /// the port of a role that is down.</param>
    public ControlClient(string what, int port, string token, TimeSpan timeout, Func<int, string?> strangerAt)
    {
        _what = what;
        // A proxy of the environment must not see calls within this machine.
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false, ConnectTimeout = timeout,
            ConnectCallback = async (_, cancellationToken) => await ConnectAsync(port, strangerAt, cancellationToken),
        })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{port}/"),
            Timeout = timeout,
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>GET.</summary>
    /// <exception cref="PelagoException">The failure that the other side reported, or PLG1111.</exception>
    public Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
        => SendAsync<T>(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    /// <summary>POST of a record.</summary>
    /// <exception cref="PelagoException">The failure that the other side reported, or PLG1111.</exception>
    public Task<T> PostAsync<TBody, T>(string path, TBody body, CancellationToken cancellationToken) =>
        SendAsync<T>(
            new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = JsonContent.Create(body, options: WorldJson.Options),
            },
            cancellationToken
        );

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task<T> SendAsync<T>(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var sent = request;
            using var response = await _http.SendAsync(sent, cancellationToken);
            if (response.IsSuccessStatusCode)
                return (await response.Content.ReadFromJsonAsync<T>(WorldJson.Options, cancellationToken))!;
            if (response.Content.Headers.ContentType?.MediaType != Problems.MediaType)
                throw Unreachable($"answered with HTTP status {(int)response.StatusCode}", null);
            var problem = await response.Content.ReadFromJsonAsync(
                ProblemJson.Default.ProblemDocument, cancellationToken) ?? throw new JsonException("null");
            // A code of a newer Pelago keeps its text.
            throw new Failure(ErrorCodes.All.GetValueOrDefault(problem.Code, ErrorCodes.Unexpected), problem.Detail,
                problem.Next ?? "").ToException();
        }
        catch (HttpRequestException e) when (e.InnerException is PelagoException stranger)
        {
            throw stranger;
        }
        catch (HttpRequestException e)
        {
            throw Unreachable("does not answer", e);
        }
        catch (JsonException e)
        {
            throw Unreachable("gave an answer that this version does not understand", e);
        }
        catch (TaskCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable($"did not answer within {_http.Timeout.TotalSeconds:0} s", e);
        }
    }

    // Connected first: whoever takes this connection was listening then, so it is him who is looked at.
    private async Task<NetworkStream> ConnectAsync(
        int port, Func<int, string?> strangerAt, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            if (strangerAt(port) is { } stranger)
                throw Unreachable($"does not answer: on its port {port} listens {stranger}", null);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private PelagoException Unreachable(string how, Exception? inner)
        => new Failure(ErrorCodes.ControlUnreachable, $"{_what} {how}.",
            "'pelago up' starts what is down; 'pelago logs' shows why it ended.").ToException(inner);
}
