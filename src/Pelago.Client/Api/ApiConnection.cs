using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pelago.Model;

namespace Pelago.Client;

/// <summary>Where an API is and how to be let in.</summary>
/// <param name="Address">Its URL, e.g. <c>https://api.us-east-1.platform.pelago.localhost:7500</c>.</param>
/// <param name="Roots">The group's roots; only servers that they vouch for are spoken to.</param>
/// <param name="Token">Bearer token, or null.</param>
public sealed record ApiAddress(Uri Address, IReadOnlyList<X509Certificate2> Roots, string? Token)
{
    /// <summary>Dialled instead of the name's own address, e.g. a wide area network emulator.</summary>
    public Endpoint? Connect { get; init; }

    /// <summary>Stricter settings of TLS than "signed by one of the roots"; null for that.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>Longest time that a call may take, transfers of artifacts excepted.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Reads bundle and token from their files, as a local world has them.</summary>
    /// <exception cref="PelagoException">A file is missing or not what it should be.</exception>
    public static ApiAddress FromFiles(string address, string trustBundleFile, string? tokenFile)
    {
        if (!File.Exists(trustBundleFile))
            throw Missing(trustBundleFile);
        if (tokenFile is not null && !File.Exists(tokenFile))
            throw Missing(tokenFile);
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(trustBundleFile);
        }
        catch (CryptographicException e)
        {
            throw new Failure(ErrorCodes.StateUnreadable, $"'{trustBundleFile}' does not hold PEM certificates.",
                "Fetch the group's bundle from the federation plane again.").ToException(e);
        }
        return new ApiAddress(new Uri(address), [.. roots], tokenFile is null ? null : File.ReadAllText(tokenFile)
            .Trim());
    }

    /// <summary>Hides the token.</summary>
    public override string ToString() => Address.ToString();

    private static PelagoException Missing(string file)
        => new Failure(ErrorCodes.WorldNotFound, $"'{file}' does not exist.", "Start the world with 'pelago up'.")
            .ToException();
}

/// <summary>Calls one API: dials by name, checks the server's identity, and turns every kind of refusal into a
/// <see cref="PelagoException"/> with the code that the server gave. Safe for concurrent use.</summary>
public sealed class ApiConnection : IDisposable
{
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    private readonly HttpClient _http;
    private readonly ApiAddress _api;

    /// <summary>Prepares the connection; nothing is dialled yet.</summary>
    public ApiConnection(ApiAddress api)
    {
        _api = api;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = (context, ct) => _api.Connect is { } instead
                ? NamedConnections.OpenAsync(instead.Host, instead.Port, ct)
                : NamedConnections.OpenAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, ct),
            SslOptions = api.Tls ?? new SslClientAuthenticationOptions { CertificateChainPolicy = PolicyOf(api.Roots) },
        };
        _http = new HttpClient(handler)
        {
            BaseAddress = api.Address,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        if (api.Token is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", api.Token);
    }

    /// <summary>Gets a document.</summary>
    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await SendAsync(request, _api.Timeout, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, type, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a document and gets one.</summary>
    public async Task<TAnswer> SendAsync<TBody, TAnswer>(HttpMethod method, string path, TBody body,
        JsonTypeInfo<TBody> bodyType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
        where TAnswer : class
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body, bodyType) };
        using var response = await SendAsync(request, _api.Timeout, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, answerType, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a document; the answer is that it was taken.</summary>
    public async Task SendAsync<TBody>(HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> bodyType,
        CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body, bodyType) };
        using var response = await SendAsync(request, _api.Timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes what a path names, and gets what it was.</summary>
    public async Task<T> DeleteAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, path);
        using var response = await SendAsync(request, _api.Timeout, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(response, type, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gets a document as it is.</summary>
    public async Task<string> GetTextAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await SendAsync(request, _api.Timeout, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a request. The caller disposes the response, which is a success.</summary>
    /// <param name="request">The request.</param>
    /// <param name="timeout">Until the answer is there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PelagoException">PLG3103: not reachable, or not who it should be. Otherwise what the server
    /// answered.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable($"does not answer within {timeout.TotalSeconds:0} s", e);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e.HttpRequestError == HttpRequestError.SecureConnectionError
                ? "is not who it should be, or has no valid certificate" : "cannot be reached", e);
        }
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw (await ApiFailure.ReadAsync(response, limit.Token).ConfigureAwait(false)).ToException();
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private static X509ChainPolicy PolicyOf(IReadOnlyList<X509Certificate2> roots)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // revocation is denial in the bundle, and short lives
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(roots.ToArray());
        return policy;
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type,
        CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken).ConfigureAwait(false)
                ?? throw Unreachable("answered with nothing", null);
        }
        catch (Exception e) when (e is JsonException or HttpRequestException)
        {
            throw Unreachable("answered with something else than this version understands", e);
        }
    }

    private PelagoException Unreachable(string why, Exception? inner)
        => new Failure(ErrorCodes.ServerUnreachable, $"{_api.Address.Authority} {why}.", "Look at 'pelago status'.")
            .ToException(inner);
}
