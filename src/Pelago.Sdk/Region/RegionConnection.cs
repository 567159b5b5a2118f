using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Sdk;

/// <summary>Calls the Execution API of the instance's own region: for enrolment the server that the ticket pins,
/// afterwards whoever the group's trust bundle vouches for.</summary>
internal sealed class RegionConnection : IDisposable
{
    private const int MaxAnswerBytes = 1024 * 1024;
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(45);
    private readonly HttpClient http;
    private readonly string instance;

    private RegionConnection(HttpMessageHandler handler, DeployedEnvironment environment, string? credential)
    {
        http = new HttpClient(handler)
        {
            BaseAddress = environment.RegionApi, Timeout = LongPoll, MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        if (credential is not null)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
        instance = Uri.EscapeDataString(environment.Instance);
    }

    /// <summary>For the one call that the ticket allows.</summary>
    public static RegionConnection Pinned(DeployedEnvironment environment, EnrolmentTicket ticket)
        => new(PinnedServer.CreateHandler(ticket.ServerKeySha256, null), environment, null);

    /// <summary>For every later call.</summary>
    public static RegionConnection Trusted(DeployedEnvironment environment, IdentityCheck check, string credential)
        => new(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            ConnectCallback = (context, ct)
                => NamedConnections.OpenAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, ct),
            SslOptions = TlsProfiles.HostClient(environment.RegionApi.Host, check, null),
        }, environment, credential);

    /// <summary>Trades ticket and signing request for everything that the instance needs.</summary>
    public async Task<InstanceEnrolment> EnrolAsync(InstanceEnrolRequest request, CancellationToken cancellationToken)
        => await SendAsync(HttpMethod.Post, "enrol", JsonContent.Create(request,
            InstanceJson.Default.InstanceEnrolRequest),
            InstanceJson.Default.InstanceEnrolment, cancellationToken) ?? throw Unexpected(HttpStatusCode.NoContent);

    /// <summary>Gets a certificate for a new key.</summary>
    public async Task<InstanceCertificate> RenewAsync(InstanceRenewRequest request, CancellationToken cancellationToken)
        => await SendAsync(HttpMethod.Post, "renew", JsonContent.Create(request,
            InstanceJson.Default.InstanceRenewRequest),
            InstanceJson.Default.InstanceCertificate, cancellationToken) ?? throw Unexpected(HttpStatusCode.NoContent);

    /// <summary>Has the region make a new key-encryption key for the journal.</summary>
    public async Task<JournalKeySet> RenewJournalKeyAsync(CancellationToken cancellationToken)
        => await SendAsync(HttpMethod.Post, "journal-key", null, InstanceJson.Default.JournalKeySet, cancellationToken)
            ?? throw Unexpected(HttpStatusCode.NoContent);

    /// <summary>Says why this program ends.</summary>
    public async Task FailAsync(InstanceFailure failure, CancellationToken cancellationToken)
    {
        using var body = JsonContent.Create(failure, InstanceJson.Default.InstanceFailure);
        await SendAsync(HttpMethod.Post, "failure", body, InstanceJson.Default.InstanceFailure, cancellationToken);
    }

    /// <summary>Waits for a configuration other than the given version; null when there is none yet.</summary>
    public Task<InstanceConfiguration?> FollowAsync(string version, CancellationToken cancellationToken)
        => SendAsync(HttpMethod.Get, $"configuration?version={Uri.EscapeDataString(version)}", null,
            InstanceJson.Default.InstanceConfiguration, cancellationToken);

    /// <inheritdoc />
    public void Dispose() => http.Dispose();

    private async Task<T?> SendAsync<T>(HttpMethod method, string path, HttpContent? body, JsonTypeInfo<T> answer,
        CancellationToken cancellationToken) where T : class
    {
        using var request = new HttpRequestMessage(method, $"/v1/instances/{instance}/{path}") { Content = body };
        using var response = await http.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NoContent)
            return null;
        if (!response.IsSuccessStatusCode)
            throw Unexpected(response.StatusCode);
        return await response.Content.ReadFromJsonAsync(answer, cancellationToken);
    }

    private static PelagoException Unexpected(HttpStatusCode status) => new Failure(
        status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound
            ? ErrorCodes.EnrolmentRefused : ErrorCodes.ServerUnreachable,
        $"The region answered {(int)status}.", "Look into the region's log.").ToException();
}
