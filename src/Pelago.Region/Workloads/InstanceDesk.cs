using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pelago.Api;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>Lets instances in that this region started: one-time token, certificate, secrets, configuration. Names come
/// from what was started; of the request only the key counts.</summary>
internal sealed class InstanceDesk(
    RegionConfig config, RegionIdentity identity, ServiceBeginnings beginnings, ServiceKeys journals,
    InstanceTable table, InstanceStarter starter, TimeProvider clock, ILogger log)
{
    private const int CredentialBytes = 32;
    private static readonly TimeSpan AnswerRepeatable = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollPace = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Enrols an instance: 1. the token is the instance's, unused, or used by the same key a short while ago, 2. a
    /// client certificate of exactly its service is issued, 3. its credential's hash is remembered, 4. everything it
    /// needs is answered.
    /// </summary>
    public (InstanceEnrolment? Enrolment, Failure? Failure) Enrol(string id, InstanceEnrolRequest request)
    {
        // 1.
        if (!table.Instances.TryGetValue(id, out var instance)
            || !BearerToken.Matches(request.Token, instance.TokenSha256))
            return (null, TokenRefused);
        if (SigningRequest.Read(request.Csr, out var key) is { } malformed)
            return (null, malformed);
        var pin = Convert.ToHexStringLower(SHA256.HashData(key!.ExportSubjectPublicKeyInfo()));
        var now = clock.GetUtcNow();
        if (instance.EnrolledKeySha256 is { } usedBy && (usedBy != pin || now >= instance.TokenEnds))
            return (null, TokenRefused);

        // 2.
        var issuance = Issue(instance, request.Csr);
        if (issuance.Chain is null)
            return (null, issuance.Failure);

        // 3.
        var credential = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(CredentialBytes));
        var remembered = table.Update(id, i => i with
        {
            EnrolledKeySha256 = pin,
            TokenEnds = i.TokenEnds ?? now + AnswerRepeatable,
            CredentialSha256 = BearerToken.Hash(credential),
        });
        if (remembered is null)
            return (null, TokenRefused); // it ended meanwhile

        // 4.
        Log.InstanceEnrolled(log, id, instance.Key);
        var keys = journals.Of(instance.Project, instance.Service);
        return (new InstanceEnrolment(issuance.Chain.ToPem(), credential, starter.IngressSecretOf(instance),
            identity.CausalityOf(instance.Project), keys.Current, Configuration(instance.Key))
        {
            FormerJournalKeys = keys.Former,
        }, null);
    }

    /// <summary>A new key-encryption key for the journal of an instance that has shown its credential.</summary>
    public JournalKeySet RenewJournalKey(InstanceState instance)
    {
        var keys = journals.Renew(instance.Project, instance.Service);
        Log.JournalKeyRenewed(log, instance.Key, keys.Current.Id);
        return keys;
    }

    /// <summary>A certificate for a new key of an instance that has shown its credential.</summary>
    public (InstanceCertificate? Certificate, Failure? Failure) Renew(InstanceState instance,
        InstanceRenewRequest request)
    {
        var issuance = Issue(instance, request.Csr);
        return issuance.Chain is { } chain ? (new InstanceCertificate(chain.ToPem()), null) : (null, issuance.Failure);
    }

    /// <summary>Remembers why an instance ends.</summary>
    public void Fail(InstanceState instance, TroubleView trouble)
    {
        var kept = InstanceWords.Of(trouble);
        table.Note(instance.Id, i => i with { Failure = kept });
        Log.InstanceFailed(log, instance.Id, instance.Key, kept.ToString());
    }

    /// <summary>The instance of that id, or null when it has ended.</summary>
    public InstanceState? Find(string id) => table.Instances.GetValueOrDefault(id);

    /// <summary>The instance whose credential a call carries, or null.</summary>
    public InstanceState? Authenticate(string id, Func<string, bool> carries)
        => table.Instances.TryGetValue(id, out var instance) && instance.CredentialSha256 is { } hash && carries(hash)
            ? instance
            : null;

    /// <summary>The configuration as soon as its version is another one, or null when the time for asking is
    /// over.</summary>
    public async Task<InstanceConfiguration?> WaitForConfigurationAsync(InstanceState instance, string? version,
        CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            var present = Configuration(instance.Key);
            if (present.Version != version)
                return present;
            if (clock.GetElapsedTime(started) >= LongPoll)
                return null;
            await Task.Delay(PollPace, clock, cancellationToken);
        }
    }

    /// <summary>What instances of a service are told.</summary>
    /// <param name="service"><c>project/name</c>.</param>
    public InstanceConfiguration Configuration(string service)
    {
        var bundle = identity.Trust.Current;
        var trust = new TrustBundleDocument(bundle.Epoch, bundle.Pem);
        var (members, joins) = beginnings.Of(service);
        var told = new InstanceConfiguration("", trust, members, beginnings.Peers) { Joins = joins };
        var hash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(told,
            InstanceJson.Default.InstanceConfiguration));
        return told with { Version = Convert.ToHexStringLower(hash.AsSpan(0, 8)) };
    }

    private Issuance Issue(InstanceState instance, byte[] csr)
    {
        var name = new ServiceHostname(instance.Service, instance.Project, config.AppsHostname);
        return identity.Authority.Issue(csr, new LeafGrant(
            name.Value, LeafUse.Client, string.Create(CultureInfo.InvariantCulture,
                $"instance {instance.Id} of {instance.Key}")));
    }

    private static Failure TokenRefused { get; } = new(ErrorCodes.EnrolmentRefused,
        "The token is not valid for this instance, or was used by another key.",
            "The region starts the instance again.", "token");
}
