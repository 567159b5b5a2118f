using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pelago.Client;

/// <summary>Body of <c>POST /v1/groups/{group}/regions/{name}/enrol</c>; needs no other authorization than the
/// token.</summary>
/// <param name="Token">The one-time token of the ticket.</param>
/// <param name="Csr">PKCS #10 request of the key of the region's intermediate authority, DER. Asking again with the
/// same token and the same key gets the same certificate.</param>
public sealed record RegionEnrolRequest(string Token, byte[] Csr)
{
    /// <summary>Hides the token.</summary>
    public override string ToString() => nameof(RegionEnrolRequest);
}

/// <summary>What a region takes away from its enrolment; from then on it works without the federation plane.</summary>
/// <param name="Certificate">PEM of the region's intermediate.</param>
/// <param name="Trust">The group's roots.</param>
/// <param name="Causality">The group's secret that every project's key of causality tokens is derived from.</param>
/// <param name="Members">Names of the group's regions, ordered.</param>
public sealed record RegionEnrolmentGrant(
    string Certificate, TrustBundleDocument Trust, CausalityKeys Causality, IReadOnlyList<string> Members)
{
    /// <summary>Hides the secret.</summary>
    public override string ToString() => nameof(RegionEnrolmentGrant);
}

/// <summary>Body of <c>POST /v1/groups/{group}/regions/{name}/renew</c>.</summary>
/// <param name="Csr">PKCS #10 request of a new key, DER.</param>
/// <param name="Proof">ECDSA P-256 with SHA-256 (IEEE P1363 form) by the region's present intermediate key over
/// <see cref="RenewalProof"/>: who holds that key is the region.</param>
public sealed record RegionRenewRequest(byte[] Csr, byte[] Proof);

/// <summary>Answer to a renewal.</summary>
/// <param name="Certificate">PEM of the new intermediate.</param>
/// <param name="Trust">The group's roots.</param>
/// <param name="Members">Names of the group's regions, ordered.</param>
public sealed record RegionRenewal(string Certificate, TrustBundleDocument Trust, IReadOnlyList<string> Members);

/// <summary>What a region signs to renew its intermediate. It names everything that the signature is good for, so that
/// it is good for nothing else; saying it again only repeats the same renewal.</summary>
public static class RenewalProof
{
    /// <summary>The bytes to sign.</summary>
    public static byte[] Of(string group, string region, ReadOnlySpan<byte> csr)
        => [.. System.Text.Encoding.UTF8.GetBytes($"pelago intermediate renewal v1\n{group}\n{region}\n"), .. csr];
}

/// <summary>A group as <c>GET /v1/groups/{group}</c> shows it (bearer: the administrator's token).</summary>
public sealed record GroupView(string Name, long TrustEpoch, IReadOnlyList<GroupRegionView> Regions);

/// <summary>A region of a group.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Enrolled">Whether it has an intermediate.</param>
/// <param name="IntermediateEnds">End of that intermediate.</param>
public sealed record GroupRegionView(string Name, bool Enrolled, DateTimeOffset? IntermediateEnds);

/// <summary>How messages of the Management API are written.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RegionEnrolRequest))]
[JsonSerializable(typeof(RegionEnrolmentGrant))]
[JsonSerializable(typeof(RegionRenewRequest))]
[JsonSerializable(typeof(RegionRenewal))]
[JsonSerializable(typeof(TrustBundleDocument))]
[JsonSerializable(typeof(GroupView))]
public sealed partial class FederationJson : JsonSerializerContext;
