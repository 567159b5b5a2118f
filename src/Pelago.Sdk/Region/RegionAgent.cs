using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Sdk;

/// <summary>This instance's tie to its region: it enrols once with the ticket, renews its leaf at two thirds of its
/// life, and follows the region's configuration. Serving needs none of it: while the region's process is away, what
/// was learnt stays in use.</summary>
internal sealed class RegionAgent : IAsyncDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FailureLimit = TimeSpan.FromSeconds(5);
    private readonly DeployedEnvironment environment;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly RegionConnection connection;
    private readonly RenewingCertificate certificate;
    private readonly Task following;
    private volatile InstanceConfiguration configuration;
    private volatile TrustBundle bundle;

    private RegionAgent(DeployedEnvironment environment, FirstLeaf issuer, RenewingCertificate certificate,
        TimeProvider clock,
        ILogger logger)
    {
        (this.environment, this.clock, this.logger) = (environment, clock, logger);
        Enrolment = issuer.Enrolment!;
        configuration = Enrolment.Configuration;
        bundle = BundleOf(environment.Group, configuration.Trust);
        Check = new IdentityCheck(() => bundle, clock);
        connection = RegionConnection.Trusted(environment, Check, Enrolment.Credential);
        issuer.RenewWith(connection);
        this.certificate = certificate;
        following = Task.Run(() => FollowAsync(stopping.Token), CancellationToken.None);
    }

    /// <summary>What the region gave at enrolment: keys and secrets.</summary>
    public InstanceEnrolment Enrolment { get; }

    /// <summary>Peers and trust, as last heard.</summary>
    public InstanceConfiguration Configuration => configuration;

    /// <summary>The leaf in use.</summary>
    public LeafCertificate Leaf => certificate.Current;

    /// <summary>Judges peers by the bundle in use.</summary>
    public IdentityCheck Check { get; }

    /// <summary>Enrols; returns once certificate, keys and configuration are here.</summary>
    /// <exception cref="PelagoException">The region refused, or cannot be reached within half a minute.</exception>
    public static async Task<RegionAgent> EnrolAsync(
        DeployedEnvironment environment, EnrolmentTicket ticket, TimeProvider clock, ILogger logger,
        CancellationToken cancellationToken)
    {
        var issuer = new FirstLeaf(environment, ticket, clock, logger);
        var renewal = new RenewalOptions { OnAttempt = report => Report(report, logger) };
        var certificate = await RenewingCertificate.StartAsync(issuer, renewal, clock, cancellationToken);
        return new RegionAgent(environment, issuer, certificate, clock, logger);
    }

    /// <summary>Has the region make a new key-encryption key for the journal.</summary>
    /// <exception cref="PelagoException">The region refused (PLG3102), or does not answer (PLG3103).
    /// </exception>
    public async Task<JournalKeySet> RenewJournalKeyAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await connection.RenewJournalKeyAsync(cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new Failure(ErrorCodes.ServerUnreachable, "The region does not answer; no key was renewed.",
                "Try again once 'pelago status' shows it as ready.").ToException(e);
        }
    }

    /// <summary>Tells the region why this program ends. One attempt that takes five seconds at most: the log says it,
    /// too.</summary>
    public async Task TellFailureAsync(Failure failure)
    {
        using var limit = new CancellationTokenSource(FailureLimit, clock);
        try
        {
            await connection.FailAsync(new InstanceFailure(TroubleView.Of(failure)), limit.Token);
        }
        catch (Exception error) when (error is HttpRequestException or PelagoException or OperationCanceledException)
        {
            Log.RegionAway(logger, (error as PelagoException)?.Failure.Message ?? error.GetType().Name);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await following;
        await certificate.DisposeAsync();
        connection.Dispose();
        stopping.Dispose();
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (await connection.FollowAsync(configuration.Version, cancellationToken) is { } changed)
                    Apply(changed);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // The region restarts, or refuses what an older process was given: what is here stays.
                Log.RegionAway(logger, (error as PelagoException)?.Failure.Message ?? error.GetType().Name);
                await Task.Delay(RetryPause, clock, cancellationToken)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Apply(InstanceConfiguration changed)
    {
        if (changed.Trust.Epoch > bundle.Epoch)
            bundle = BundleOf(environment.Group, changed.Trust);
        configuration = changed;
        Log.Configured(logger, changed.Version, changed.Peers.Count);
    }

    private static TrustBundle BundleOf(string group, TrustBundleDocument document)
    {
        if (TrustBundle.Parse(document.Pem, out var parsed) is null && parsed!.Group == group)
            return parsed;
        var roots = new X509Certificate2Collection();
        roots.ImportFromPem(document.Pem);
        return TrustBundle.Create(group, document.Epoch, roots, []);
    }

    private static void Report(RenewalReport report, ILogger logger)
    {
        if (report.Failure is { } failure)
            Log.RegionAway(logger, failure.Message);
        else
            Log.Renewed(logger, report.NextAttempt);
    }

    /// <summary>The first request goes to the pinned server with the ticket and brings everything along; later ones
    /// renew.</summary>
    private sealed class FirstLeaf(
        DeployedEnvironment environment, EnrolmentTicket ticket, TimeProvider clock, ILogger logger) : ILeafIssuer
    {
        private volatile RegionConnection? renewal;

        public InstanceEnrolment? Enrolment { get; private set; }

        public void RenewWith(RegionConnection connection) => renewal = connection;

        public async ValueTask<Issuance> IssueAsync(
            ReadOnlyMemory<byte> signingRequest, CancellationToken cancellationToken)
        {
            var pem = renewal is { } connection
                ? (await connection.RenewAsync(new InstanceRenewRequest(signingRequest.ToArray()), cancellationToken))
                    .Certificate
                : (Enrolment = await EnrolAsync(signingRequest.ToArray(), cancellationToken)).Certificate;
            return CertificateChain.Parse(pem, out var chain) is { } failure ? Issuance.Refused(failure)
                : Issuance.Of(chain!);
        }

        // A lost answer must not lose the instance: the same ticket with the same request may ask again.
        private async Task<InstanceEnrolment> EnrolAsync(byte[] csr, CancellationToken cancellationToken)
        {
            using var pinned = RegionConnection.Pinned(environment, ticket);
            while (true)
            {
                try
                {
                    return await pinned.EnrolAsync(new InstanceEnrolRequest(ticket.Token, csr), cancellationToken);
                }
                catch (HttpRequestException error)
                {
                    Log.RegionAway(logger, error.Message);
                    await Task.Delay(RetryPause, clock, cancellationToken);
                }
            }
        }
    }
}
