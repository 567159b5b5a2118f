using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pelago.Api;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>What a region remembers of its enrolment (<c>identity.json</c>).</summary>
/// <param name="Group">The region group.</param>
/// <param name="Region">The region.</param>
/// <param name="Generation">Number of the intermediate's key in use, from 1.</param>
/// <param name="Certificate">PEM of the intermediate.</param>
/// <param name="SealedCausality">The group's causality secrets, sealed.</param>
/// <param name="Members">The group's regions at the enrolment: with these its journals began. Who is a member since is
/// in the journals.</param>
internal sealed record IdentityRecord(
    string Group, string Region, int Generation, string Certificate, byte[] SealedCausality,
        IReadOnlyList<string> Members)
{
    public int FormatVersion { get; init; } = 1;
}

/// <summary>Who the region is: its intermediate authority, the group's trust, and its members. Enrolled once; from then
/// on it starts and works without the federation plane, which only gives it a new intermediate now and then.</summary>
internal sealed class RegionIdentity
{
    private const string RecordIsLost = "The region writes it when it enrols and when its intermediate is renewed: "
        + "restore it from a backup of the region's home. Without one the region cannot return; the others go on.";

    private const string SealedCausalityName = "causality";
    private const int KeyBytes = 32;

    /// <summary>How often the federation plane is asked for the group's bundle.</summary>
    public static readonly TimeSpan TrustPace = TimeSpan.FromSeconds(30);

    private readonly IdentityParts _parts;
    private readonly CausalityKeys _causality;
    private volatile IdentityRecord _record;
    private volatile IntermediateAuthority _authority;

    private RegionIdentity(
        IdentityParts parts, IdentityRecord record, CausalityKeys causality, IntermediateAuthority authority)
        => (_parts, _record, _causality, _authority) = (parts, record, causality, authority);

    /// <summary>The intermediate in use.</summary>
    public IntermediateAuthority Authority => _authority;

    /// <summary>The trust bundle in use.</summary>
    public TrustStore Trust => _parts.Trust;

    /// <summary>Names of the group's regions when this one enrolled, ordered.</summary>
    public IReadOnlyList<string> Members => _record.Members;

    /// <summary>
    /// Opens the identity: 1. what is stored, 2. else enrols: the key is made here, the ticket is shown until the
    /// federation plane answers, 3. the bundle is stored before the record that needs it, 4. the ticket is removed
    /// last.
    /// </summary>
    public static async Task<RegionIdentity> OpenAsync(IdentityParts parts, CancellationToken cancellationToken)
    {
        // 1.
        var record = ReadRecord(parts);
        if (record is null)
        {
            // 2.
            var csr = await IntermediateAuthority.RequestAsync(parts.Keys, KeyName(1), cancellationToken);
            record = await EnrolAsync(parts, csr, cancellationToken) is { } grant
                ? Remember(parts, grant)
                : ReadRecord(parts)!; // it came back while the region waited
        }

        // 4.
        File.Delete(parts.Config.EnrolmentTicketFile);
        var opened = parts.Kek.Open(SealedCausalityName, record.SealedCausality)
            ?? throw new Failure(ErrorCodes.StateUnreadable,
            "The region's causality secret was sealed under another key, or was changed.",
                "Restore the home from a backup.")
            .ToException();
        var causality = JsonSerializer.Deserialize(opened, InstanceJson.Default.CausalityKeys)!;
        return new RegionIdentity(parts, record, causality, await OpenAuthorityAsync(parts, record, cancellationToken));
    }

    private static IdentityRecord? ReadRecord(IdentityParts parts)
    {
        var record = PrivateFile.ReadJson<IdentityRecord>(parts.Home.IdentityFile, RecordIsLost);
        if (record is not null && (record.Region != parts.Config.Region || record.Group != parts.Config.Group
            || record.FormatVersion != 1))
        {
            throw new Failure(ErrorCodes.StateUnreadable,
                $"'{parts.Home.IdentityFile}' is of region '{record.Region}' in group '{record.Group}', "
                    + "or of another version.",
                "Check the configuration, or restore the home from a backup.").ToException();
        }
        return record;
    }

    // 3.
    private static IdentityRecord Remember(IdentityParts parts, RegionEnrolmentGrant grant)
    {
        Accept(parts, grant.Trust);
        var clear = JsonSerializer.SerializeToUtf8Bytes(grant.Causality, InstanceJson.Default.CausalityKeys);
        var record = new IdentityRecord(parts.Config.Group, parts.Config.Region, 1, grant.Certificate,
            parts.Kek.Seal(SealedCausalityName, clear), grant.Members);
        CryptographicOperations.ZeroMemory(clear);
        PrivateFile.WriteJson(parts.Home.IdentityFile, record);
        Log.Enrolled(parts.Log, record.Region, record.Group);
        return record;
    }

    /// <summary>Keys of a project's causality tokens: HKDF (RFC 5869) of the group's secrets, so that every region has
    /// the keys of a project that it has never heard of.</summary>
    public CausalityKeys CausalityOf(string project)
    {
        return new CausalityKeys(Derive(_causality.Current), _causality.Previous is { } previous ? Derive(previous)
            : null);

        byte[] Derive(byte[] secret) => HKDF.DeriveKey(
            HashAlgorithmName.SHA256, secret, KeyBytes,
                info: Encoding.UTF8.GetBytes("pelago causality v1\n" + project));
    }

    /// <summary>Renews the intermediate at two thirds of its life, with a new key each time. While the federation plane
    /// is away it asks again; everything else goes on.</summary>
    public async Task RenewForeverAsync(CancellationToken cancellationToken)
    {
        var wait = TimeSpan.FromSeconds(1);
        while (true)
        {
            await RenewalTime.SleepUntilDueAsync(_authority.Certificate, _parts.Clock, cancellationToken);
            try
            {
                await RenewAsync(cancellationToken);
                wait = TimeSpan.FromSeconds(1);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                Log.IntermediateNotRenewed(_parts.Log, WhyOf(e));
                await Task.Delay(wait, _parts.Clock, cancellationToken);
                wait = wait * 2 < TimeSpan.FromMinutes(5) ? wait * 2 : TimeSpan.FromMinutes(5);
            }
        }
    }

    /// <summary>Follows the group's trust bundle: a root that was added or an intermediate that was denied must count
    /// long before this region needs a new intermediate. A bundle that is not newer is refused; while the federation
    /// plane is away, the one in use stays.</summary>
    public async Task FollowTrustForeverAsync(CancellationToken cancellationToken)
    {
        var failed = "";
        while (true)
        {
            // Spread a little, so that the regions of a group do not ask at once.
            await Task.Delay(TrustPace * (0.75 + RandomNumberGenerator.GetInt32(500) / 1000.0), _parts.Clock,
                cancellationToken);
            var epoch = Trust.Current.Epoch;
            try
            {
                Accept(_parts, await _parts.Federation.GetTrustAsync(Trust.Current, cancellationToken));
                failed = "";
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // Said once, not every half minute: the federation plane may be away for long, and that is well.
                if (WhyOf(e) is var why && why != failed)
                    Log.TrustNotTaken(_parts.Log, failed = why);
            }
            if (Trust.Current.Epoch != epoch)
                Log.TrustChanged(_parts.Log, Trust.Current.Epoch);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var generation = _record.Generation + 1;
        var csr = await IntermediateAuthority.RequestAsync(_parts.Keys, KeyName(generation), cancellationToken);
        using var present = await _parts.Keys.OpenAsync(KeyName(_record.Generation), cancellationToken);
        var proof = present.SignData(
            RenewalProof.Of(_record.Group, _record.Region, csr), HashAlgorithmName.SHA256);
        var renewal = await _parts.Federation.RenewAsync(Trust.Current, new RegionRenewRequest(csr, proof),
            cancellationToken);
        Accept(_parts, renewal.Trust);
        var record = _record with { Generation = generation, Certificate = renewal.Certificate };
        var authority = await OpenAuthorityAsync(_parts, record, cancellationToken);
        PrivateFile.WriteJson(_parts.Home.IdentityFile, record);
        _record = record;
        // The old one is not disposed: an issuance may be under way, and there is one in sixty days.
        _authority = authority;
        Log.IntermediateRenewed(_parts.Log, generation);
    }

    // Null when the record of an earlier enrolment is there: whoever had lost it put it back.
    private static async Task<RegionEnrolmentGrant?> EnrolAsync(IdentityParts parts, byte[] csr,
        CancellationToken cancellationToken)
    {
        var wait = TimeSpan.FromMilliseconds(100);
        for (var failed = ""; !File.Exists(parts.Home.IdentityFile);)
        {
            var why = new Failure(ErrorCodes.NotEnrolled,
                $"The region waits to be enrolled: there is no ticket '{parts.Config.EnrolmentTicketFile}'.",
                "The federation plane leaves one when it starts, for a region that never enrolled. One that did needs "
                    + $"its '{Path.GetFileName(parts.Home.IdentityFile)}' back from a backup, and goes on at once.");
            try
            {
                if (PrivateFile.ReadJson<EnrolmentTicket>(parts.Config.EnrolmentTicketFile,
                    "Remove it and start the federation plane again ('pelago down', 'pelago up'): it writes another.")
                    is { } ticket)
                    return await parts.Federation.EnrolAsync(ticket, csr, cancellationToken);
            }
            catch (PelagoException e)
            {
                why = e.Failure;
            }
            if (why.ToString() != failed)
            {
                Log.NotEnrolledYet(parts.Log, failed = why.ToString());
                new RoleFailure(parts.Clock.GetUtcNow(), TroubleView.Of(why)) { IsWaiting = true }
                    .Write(parts.Home.Path);
            }
            await Task.Delay(wait, parts.Clock, cancellationToken);
            wait = wait * 1.5 < TimeSpan.FromSeconds(3) ? wait * 1.5 : TimeSpan.FromSeconds(3);
        }
        return null;
    }

    private static void Accept(IdentityParts parts, TrustBundleDocument document) => Accept(parts, document.Pem);

    private static void Accept(IdentityParts parts, string pem)
    {
        var failure = TrustBundle.Parse(pem, out var bundle)
            ?? (bundle!.Group == parts.Config.Group ? null : new Failure(ErrorCodes.TrustBundleRefused,
                $"The bundle is of group '{bundle.Group}'.", "Check which federation plane the region was sent to."))
            ?? parts.Trust.Offer(bundle);
        if (failure is not null)
            throw failure.ToException();
    }

    private static Task<IntermediateAuthority> OpenAuthorityAsync(
        IdentityParts parts, IdentityRecord record, CancellationToken cancellationToken)
    {
        var domain = new RegionDomain(parts.Config.Region, parts.Config.AppsHostname, parts.Config.PlatformHostname);
        return CertificateChain.Parse(record.Certificate, out var chain) is { } failure
            ? throw failure.ToException()
            : IntermediateAuthority.OpenAsync(domain, chain!, parts.Trust.Current, parts.Keys,
                KeyName(record.Generation),
                parts.Lifetimes, parts.Audit, parts.Clock, cancellationToken);
    }

    // Whatever fails may be over at the next try: a full disk, a federation plane that is away.
    private static string WhyOf(Exception e) => e is PelagoException { Failure: var failure } ? $"{failure}" : $"{e}";

    private static string KeyName(int generation) => $"intermediate-{generation}";
}

/// <summary>What an identity is made of.</summary>
internal sealed record IdentityParts(
    RegionHome Home,
    RegionConfig Config,
    KeyEncryptionKey Kek,
    ISigningKeys Keys,
    TrustStore Trust,
    FederationLink Federation,
    Lifetimes Lifetimes,
    IIssuanceAudit Audit,
    TimeProvider Clock,
    ILogger Log);
