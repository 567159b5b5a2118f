using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>What the region can find out about itself for whoever looks for the reason of trouble: its clock, the disk
/// beneath its journal, the lives of its certificates, and whether its peers let it in.</summary>
internal sealed class DiagnosisEndpoint(
    RegionConfig config, RegionPeers regions, RegionIdentity identity, IReadOnlyList<Func<LeafCertificate>> leaves,
    PkiToIngress certificates, PeerConnections peers, JournalProbe journal, RegionStatus status, TimeProvider clock)
{
    private static readonly TimeSpan ReachLimit = TimeSpan.FromSeconds(5);

    // A peer that does not have it has said so through both ingresses, which is all that is asked.
    private static readonly string NoArtifact = $"/v1/artifacts/sha256:{new string('0', 64)}";

    public async Task GetAsync(HttpContext context)
    {
        var reached = Task.WhenAll(regions.Current.Select(peer => ReachAsync(peer, context.RequestAborted)));
        var programs = status.ProgramsAsync(context.RequestAborted);
        var probe = await journal.CheckAsync(context.RequestAborted);
        var bundle = identity.Trust.Current;
        var diagnosis = new RegionDiagnosis(
            config.Region, BuildIdentity.Current, clock.GetUtcNow(), bundle.Epoch, bundle.Sha256,
            probe.Flush?.TotalMilliseconds, probe.Trouble, [.. Certificates()], await reached, await programs)
        {
            JournalEngine = probe.Engine,
        };
        await context.Response.WriteAsJsonAsync(
            diagnosis, DiagnosisJson.Default.RegionDiagnosis, cancellationToken: context.RequestAborted);
    }

    private IEnumerable<CertificateView> Certificates()
    {
        foreach (var root in identity.Trust.Current.Roots)
            yield return new CertificateView("root", root.NotBefore.ToUniversalTime(), root.NotAfter.ToUniversalTime());
        var intermediate = identity.Authority.Certificate;
        yield return new CertificateView(
            "intermediate", intermediate.NotBefore.ToUniversalTime(), intermediate.NotAfter.ToUniversalTime());
        foreach (var leaf in leaves.Select(current => current()).Concat(certificates.Leaves))
        {
            var name = leaf.Certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false);
            yield return new CertificateView(name, leaf.NotBefore, leaf.NotAfter);
        }
    }

    private async Task<PeerReach> ReachAsync(PeerRegion peer, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReachLimit);
        var detail = "";
        try
        {
            await peers.GetAsync(peer, NoArtifact, (_, _) => Task.FromResult(""), limit.Token);
        }
        catch (PelagoException e)
        {
            detail = e.Failure.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            detail = $"It does not answer within {ReachLimit.TotalSeconds:0} s.";
        }
        return new PeerReach(peer.Name, detail.Length == 0, detail, clock.GetElapsedTime(started).TotalMilliseconds);
    }
}
