using Pelago.Replication;

namespace Pelago.Sdk.Testing;

/// <summary>A user who may ask another region with each request, and carries a causality token along: reads wait for
/// what this client has written and seen, wherever it was.</summary>
public sealed class WorldClient
{
    private readonly PelagoWorld world;

    internal WorldClient(PelagoWorld world) => this.world = world;

    /// <summary>What this client has seen so far.</summary>
    public CausalityToken Token { get; private set; } = CausalityToken.Empty;

    /// <summary>A region, as this client asks it.</summary>
    public WorldRegion At(string region) => world.Region(region).For(this);

    internal void Saw(IReadOnlyList<WritePoint> points) => Token = Token.With(points);
}
