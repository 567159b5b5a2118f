using System.Collections.Immutable;
using Pelago.Client;

namespace Pelago.Federation;

/// <summary>What the federation plane remembers (<c>state.json</c> in its home). Immutable; replaced as a
/// whole.</summary>
/// <param name="Group">The region group.</param>
/// <param name="TrustEpoch">Epoch of the trust bundle.</param>
/// <param name="SealedCausality">The group's causality secrets, sealed under the key of this home.</param>
/// <param name="Regions">By name.</param>
public sealed record FederationState(
    string Group, long TrustEpoch, byte[] SealedCausality, ImmutableSortedDictionary<string, RegionState> Regions)
{
    /// <summary>Version of this file's format.</summary>
    public int FormatVersion { get; init; } = 1;
}

/// <summary>What is remembered of a region.</summary>
/// <param name="TokenSha256">Hash of the one-time token that may still be used, or of the one that was.</param>
/// <param name="EnrolledKeySha256">Pin of the key that the token was used for; null while it was not used.</param>
/// <param name="Certificate">PEM of the region's present intermediate; null before enrolment.</param>
/// <param name="Renewals">How often the intermediate was renewed.</param>
public sealed record RegionState(string? TokenSha256, string? EnrolledKeySha256, string? Certificate, int Renewals);

/// <summary>The state's file. Changes are serialized by <see cref="Enrolment"/>; reading is lock-free.</summary>
internal sealed class StateFile(string path, FederationState initial)
{
    private volatile FederationState _current = initial;

    public FederationState Current => _current;

    /// <summary>Replaces the state, on the disk first.</summary>
    public void Replace(FederationState next)
    {
        PrivateFile.WriteJson(path, next);
        _current = next;
    }
}
