using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Client;

namespace Pelago.Cli;

/// <summary>A name of a world and where it is served. The intent of a local world is that every name is on loopback;
/// most systems do not know names under <c>.localhost</c>, and then our own clients go there by themselves. What must
/// not be is that the system sends a name somewhere else.</summary>
/// <param name="Name">The name.</param>
/// <param name="Port">Port.</param>
/// <param name="Region">Whose it is: a region, or the federation plane.</param>
internal sealed record NamedServer(string Name, int Port, string Region)
{
    /// <summary>Leaf, intermediate and root: what every chain of Pelago has.</summary>
    private const int ChainLength = 3;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    /// <summary>Every name that a world serves now.</summary>
    public static IEnumerable<NamedServer> Of(Patient patient)
    {
        var status = patient.Status;
        return status.Regions.Where(region => region.Pid is not null)
            .SelectMany(region => new[] { region.ExecutionApi, region.Ingress, region.Public }
                .Concat(region.Services.Select(service => service.Url).OfType<string>())
                .Select(address => (Address: address, Role: region.Name)))
            .Prepend((Address: status.Federation.ManagementApi, Role: RoleNames.Federation))
            .Where(server => server.Role != RoleNames.Federation || status.Federation.Pid is not null)
            .Select(server => new NamedServer(
                new Uri(server.Address).Host, new Uri(server.Address).Port, server.Role));
    }

    /// <summary>1. What the system's resolver says fits the intent, 2. the server on loopback shows a certificate of
    /// this name whose chain ends in a root of the group.</summary>
    public async Task<Finding> CheckAsync(Patient patient, TimeProvider time, CancellationToken cancellationToken)
    {
        var check = $"name {Name}";
        // 1.
        var addresses = await ResolveAsync(cancellationToken);
        if (addresses.FirstOrDefault(address => !IPAddress.IsLoopback(address)) is { } elsewhere)
        {
            return Finding.Of(check, false, $"the system resolves it to {elsewhere}, not to loopback",
                $"echo '127.0.0.1 {Name}' | sudo tee -a /etc/hosts");
        }
        var resolved = addresses.Count > 0 ? "resolves to loopback"
            : "is not known to the system (other tools need --resolve)";
        // 2.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerLimit);
        try
        {
            var (end, length) = await HandshakeAsync(patient.World.Directory.TrustBundle, limit.Token);
            var left = end - time.GetUtcNow();
            return Finding.Of(check, length == ChainLength && left > TimeSpan.Zero, string.Create(
                CultureInfo.InvariantCulture,
                $"{resolved}; its certificate fits, chain of {length}, for another {left.TotalHours:0.0} h"),
                patient.Pelago($"logs {Region}"));
        }
        catch (Exception e) when (e is IOException or SocketException or CryptographicException
            or AuthenticationException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Finding.Of(check, false, $"{resolved}; {e.Message}", patient.Pelago($"logs {Region}"));
        }
    }

    private async Task<IReadOnlyList<IPAddress>> ResolveAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerLimit);
        try
        {
            return await Dns.GetHostAddressesAsync(Name, limit.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return [];
        }
    }

    private async Task<(DateTimeOffset End, int ChainLength)> HandshakeAsync(
        string trustBundle, CancellationToken cancellationToken)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.ImportFromPemFile(trustBundle);
        var (length, why) = (0, SslPolicyErrors.None);
        await using var tls = new SslStream(await NamedConnections.OpenAsync(Name, Port, cancellationToken));
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = Name,
                CertificateChainPolicy = policy,
                RemoteCertificateValidationCallback = (_, _, chain, errors) =>
                {
                    (length, why) = (chain?.ChainElements.Count ?? 0, errors);
                    return errors == SslPolicyErrors.None;
                },
            }, cancellationToken);
        }
        catch (AuthenticationException e) when (why != SslPolicyErrors.None)
        {
            throw new AuthenticationException($"its certificate is not accepted: {why}", e);
        }
        using var certificate = new X509Certificate2(tls.RemoteCertificate!);
        return (certificate.NotAfter.ToUniversalTime(), length);
    }
}
