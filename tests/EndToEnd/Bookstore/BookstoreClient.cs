using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Pelago.Client;

namespace Pelago.Tests.EndToEnd;

/// <summary>A bookstore in one region, as the world's users reach it: HTTPS through the public ingress, trusting the
/// group's roots alone.</summary>
internal sealed class BookstoreClient : IDisposable
{
    private readonly HttpClient http;

    public BookstoreClient(string region, string url, string trustBundle)
    {
        Region = region;
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.ImportFromPemFile(trustBundle);
        http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            MaxConnectionsPerServer = 16,
            ConnectCallback = (context, ct)
                => NamedConnections.OpenAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, ct),
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
        })
        {
            BaseAddress = new Uri(url), Timeout = TimeSpan.FromSeconds(15),
        };
    }

    public string Region { get; }

    /// <summary>Puts one book into a cart. Null when it was not acknowledged: whether it happened is then
    /// unknown.</summary>
    public async Task<string?> TryAddAsync(
        string cart, string sku, string key, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/carts/{cart}/items")
        {
            Content = JsonContent.Create(new { sku, quantity = 1 }),
        };
        request.Headers.Add("Idempotency-Key", key);
        return await TrySendAsync(request, token, cancellationToken) is var (_, after) ? after : null;
    }

    /// <summary>The skus in a cart and the token after the read; null when the region did not answer.</summary>
    public async Task<(HashSet<string> Skus, string Token)?> TryReadAsync(
        string cart, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/carts/{cart}");
        if (await TrySendAsync(request, token, cancellationToken) is not var (body, after))
            return null;
        return ([.. body.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("sku").GetString()!)], after);
    }

    /// <summary>A book, or null when there is none.</summary>
    public async Task<(string Version, string Author, string Description)?> TryReadBookAsync(
        string sku, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync($"/books/{Uri.EscapeDataString(sku)}", cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        response.EnsureSuccessStatusCode();
        var book = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return (Text("version"), Text("author"), Text("description"));

        string Text(string member) => book.GetProperty(member).GetString()!;
    }

    /// <summary>Writes a customer's address.</summary>
    /// <returns>The token of the write.</returns>
    public async Task<string> WriteAddressAsync(string customer, string street, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/customers/{customer}/address")
        {
            Content = JsonContent.Create(new { name = "Maria", street, town = "Porto" }),
        };
        return (await TrySendAsync(request, "", cancellationToken)).ShouldNotBeNull().Token;
    }

    /// <summary>A customer's address as it can be read here.</summary>
    public async Task<(string State, string? Street)> AddressAsync(
        string customer, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/customers/{customer}/address");
        var body = (await TrySendAsync(request, token, cancellationToken)).ShouldNotBeNull().Body;
        return (body.GetProperty("state").GetString()!, body.GetProperty("address") is
            { ValueKind: JsonValueKind.Object } address ? address.GetProperty("street").GetString() : null);
    }

    /// <summary>Status and body of an answer that is no success; null otherwise.</summary>
    public async Task<(HttpStatusCode Status, string Body)?> RefusalOfAsync(
        string path, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync(path, cancellationToken);
            return answer.IsSuccessStatusCode ? null
                : (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<(JsonElement Body, string Token)?> TrySendAsync(
        HttpRequestMessage request, string token, CancellationToken cancellationToken)
    {
        if (token.Length > 0)
            request.Headers.Add("Pelago-Causality", token);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            if ((int)response.StatusCode >= 500)
                return null;
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            response.Headers.GetValues("Pelago-Region").ShouldBe([Region]);
            return (await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken),
                response.Headers.TryGetValues("Pelago-Causality", out var after) ? after.Single() : token);
        }
        catch (Exception error) when (error is HttpRequestException or IOException
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }
}
