using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace Bookstore.Importer;

/// <summary>Writes books over HTTP: a few connections, every write repeated under one idempotency key until it is
/// answered.</summary>
public sealed class BookClient : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private readonly HttpClient http;
    private readonly TimeSpan patience;
    private readonly TimeProvider clock;
    private volatile string? lastTrouble;

    /// <summary>Prepares the connections.</summary>
    /// <param name="rootsFile">PEM file of the roots to trust, or null for the system's.</param>
    /// <param name="patience">How long one book may be retried.</param>
    /// <exception cref="InvalidDataException">The file holds no certificate.</exception>
    public BookClient(Uri url, string? rootsFile, int connections, TimeSpan patience, TimeProvider clock)
    {
        (this.patience, this.clock) = (patience, clock);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            MaxConnectionsPerServer = connections,
            ConnectCallback = ConnectAsync,
        };
        if (rootsFile is not null)
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = PolicyOf(rootsFile) };
        http = new HttpClient(handler) { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <summary>Why the last attempt failed that is repeated; null since one has succeeded.</summary>
    public string? LastTrouble => lastTrouble;

    /// <summary>Writes one book.</summary>
    /// <returns>Null when it was taken, otherwise why it was refused for good.</returns>
    /// <exception cref="AuthenticationException">The service's certificate is not trusted, which does not pass by
    /// itself.</exception>
    /// <exception cref="TimeoutException">The service could not be reached for as long as patience lasts.</exception>
    public async Task<string?> PutAsync(Package package, CancellationToken cancellationToken)
    {
        var body = Body(package);
        var key = Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes(package.Name + "\0"),
            .. body]))[..40];
        var started = clock.GetTimestamp();
        var pause = FirstPause;
        while (true)
        {
            var (done, answer) = await TryPutAsync(package, body, key, cancellationToken);
            lastTrouble = done ? null : answer;
            if (done)
                return answer;
            if (clock.GetElapsedTime(started) > patience)
                throw new TimeoutException(
                    $"'{package.Name}' was not taken within {patience.TotalSeconds:0} s: {answer}");
            await Task.Delay(pause * (0.5 + (RandomNumberGenerator.GetInt32(1000) / 2000.0)), clock, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <inheritdoc />
    public void Dispose() => http.Dispose();

    private async Task<(bool Done, string? Answer)> TryPutAsync(
        Package package, byte[] body, string key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/books/{Uri.EscapeDataString(package.Name)}")
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(
                "application/json") } },
        };
        request.Headers.Add("Idempotency-Key", key);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            if (response.IsSuccessStatusCode)
                return (true, null);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            var answer = $"{(int)response.StatusCode} {text[..Math.Min(text.Length, 300)]}";
            var passing = response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
                || (int)response.StatusCode >= 500;
            return (!passing, answer);
        }
        // One with an inner exception is what the other side said in the handshake, and may pass.
        catch (HttpRequestException error) when (error.InnerException is AuthenticationException
            { InnerException: null } untrusted)
        {
            throw new AuthenticationException(
                $"{http.BaseAddress} is not who it says, as far as the trusted roots know. {untrusted.Message}", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (false, error.Message);
        }
    }

    private static byte[] Body(Package package)
    {
        var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("title", Shortened(package.Synopsis.Length > 0 ? package.Synopsis : package.Name, 500));
            json.WriteString("author", Shortened(package.Maintainer, 500));
            json.WriteString("description", Shortened(package.Description, 100_000));
            json.WriteString("version", package.Version);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    // Counted in Unicode characters, as the service counts, so that none is cut in half.
    private static string Shortened(string text, int most)
        => text.Length <= most ? text : string.Concat(text.EnumerateRunes().Take(most).Select(r => r.ToString()));

    // Names under .localhost are this machine (RFC 6761), which most resolvers do not know.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context,
        CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            var host = context.DnsEndPoint.Host;
            if (host == "localhost" || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancellationToken);
            else
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static X509ChainPolicy PolicyOf(string rootsFile)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(rootsFile);
        }
        catch (CryptographicException error)
        {
            throw new InvalidDataException($"'{rootsFile}' holds a certificate that cannot be read", error);
        }
        return policy.CustomTrustStore.Count > 0 ? policy
            : throw new InvalidDataException($"'{rootsFile}' holds no certificate in PEM");
    }
}
