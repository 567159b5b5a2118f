using System.Security.Cryptography;
using Pelago.Entities;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Sdk;

/// <summary>What requests need of the service, once it runs: its runtime, its token keys, its ingress secret.
/// Replaced as a whole, read without a lock.</summary>
internal sealed class RunningService(ServiceParts parts)
{
    /// <summary>Region name of a service that runs alone.</summary>
    public const string Alone = "local";

    private volatile Started? started;

    /// <summary>The region in which the service runs.</summary>
    public string Region => parts.Deployed?.Region ?? Alone;

    /// <summary>The runtime.</summary>
    /// <exception cref="PelagoException">PLG7203: the service is still starting.</exception>
    public EntityRuntime Runtime => Running.Runtime;

    /// <summary>The runtime, or null while the service starts.</summary>
    public EntityRuntime? RuntimeOrNull => started?.Runtime;

    /// <summary>Reads and writes causality tokens.</summary>
    public CausalityTokenCodec Tokens => Running.Tokens;

    /// <summary>True when a request carries the secret of this region's ingress.</summary>
    public bool CameThroughIngress(string? secret) => started?.Access?.CameThroughIngress(secret) ?? false;

    /// <summary>From now on requests are served.</summary>
    public void Start(EntityRuntime runtime, CausalityTokenCodec tokens, ReplicationAccess? access)
        => started = new Started(runtime, tokens, access);

    /// <summary>Token keys of a service that runs alone: they live as long as the process.</summary>
    public static CausalityTokenCodec TokensAlone() => new(Alone, RandomNumberGenerator.GetBytes(32), null);

    private Started Running => started ?? throw new Failure(
        ErrorCodes.RegionNotReady, "The service is still starting.", "Try again in a moment.").ToException();

    private sealed record Started(EntityRuntime Runtime, CausalityTokenCodec Tokens, ReplicationAccess? Access);
}
