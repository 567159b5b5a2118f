using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>What a region finds out about itself, as <c>GET /v1/diagnosis</c> of its Execution API shows it (bearer:
/// the administrator's token). It looks when it is asked: peers are dialled, the disk is written to.</summary>
/// <param name="Region">Region name.</param>
/// <param name="Program">What its process runs.</param>
/// <param name="Now">Its clock.</param>
/// <param name="TrustEpoch">Epoch of the trust bundle in use.</param>
/// <param name="TrustSha256">Hash of that bundle, lower-case hex.</param>
/// <param name="JournalFlushMs">Milliseconds until 4 KiB beside its journal were on the disk; null when that
/// failed.</param>
/// <param name="JournalTrouble">Why the journal cannot be written, or null.</param>
/// <param name="Certificates">Certificates that it serves with or issues from.</param>
/// <param name="Peers">Every other region, dialled through its ingress as the region itself.</param>
/// <param name="Instances">Its running instances and what they are made with.</param>
public sealed record RegionDiagnosis(
    string Region,
    BuildIdentity Program,
    DateTimeOffset Now,
    long TrustEpoch,
    string TrustSha256,
    double? JournalFlushMs,
    string? JournalTrouble,
    IReadOnlyList<CertificateView> Certificates,
    IReadOnlyList<PeerReach> Peers,
    IReadOnlyList<InstanceProgram> Instances)
{
    /// <summary>The library that writes the journal, its version, and whether it is the system's.</summary>
    public string JournalEngine { get; init; } = "";
}

/// <summary>The federation plane about itself: <c>GET /v1/diagnosis</c> of the Management API.</summary>
/// <param name="Program">What its process runs.</param>
/// <param name="Now">Its clock.</param>
/// <param name="TrustEpoch">Epoch of the bundle that it gives out.</param>
/// <param name="TrustSha256">Hash of that bundle, lower-case hex.</param>
/// <param name="Certificates">The root, its own intermediate and its server certificate.</param>
public sealed record FederationDiagnosis(
    BuildIdentity Program, DateTimeOffset Now, long TrustEpoch, string TrustSha256,
    IReadOnlyList<CertificateView> Certificates);

/// <summary>A certificate.</summary>
/// <param name="What">What it is for, e.g. <c>intermediate</c> or the name that it serves.</param>
/// <param name="NotBefore">Begin of its life.</param>
/// <param name="NotAfter">End of its life.</param>
public sealed record CertificateView(string What, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>Whether a peer's ingress let this region in.</summary>
/// <param name="Peer">The peer region.</param>
/// <param name="Reachable">It answered, and both sides accepted the other's certificate.</param>
/// <param name="Detail">Why not; empty when it was reached.</param>
/// <param name="Milliseconds">How long connecting and asking took.</param>
public sealed record PeerReach(string Peer, bool Reachable, string Detail, double Milliseconds);

/// <summary>What an instance is made with.</summary>
/// <param name="Service"><c>project/name</c>.</param>
/// <param name="Id">Instance id.</param>
/// <param name="Version">Version of Pelago in it; null when it does not say.</param>
public sealed record InstanceProgram(string Service, string Id, string? Version);

/// <summary>How diagnoses are written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RegionDiagnosis))]
[JsonSerializable(typeof(FederationDiagnosis))]
public sealed partial class DiagnosisJson : JsonSerializerContext;
