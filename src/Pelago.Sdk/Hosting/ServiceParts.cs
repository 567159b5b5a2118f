using Pelago.Entities;

namespace Pelago.Sdk;

/// <summary>What is known before the service starts.</summary>
/// <param name="Types">Registered entity types.</param>
/// <param name="Deployed">What the region said, or null when the service runs alone.</param>
internal sealed record ServiceParts(EntityTypes Types, DeployedEnvironment? Deployed);
