using Pelago.Model;

namespace Pelago.Pki;

/// <summary>A region and the two host names that its intermediate may issue for, and everything under them.</summary>
/// <param name="Region">The region's name.</param>
/// <param name="AppsHostname">Without a leading dot, e.g. <c>eu-west-1.apps.pelago.localhost</c>.</param>
/// <param name="PlatformHostname">Without a leading dot, e.g. <c>eu-west-1.platform.pelago.localhost</c>.</param>
public sealed record RegionDomain(string Region, string AppsHostname, string PlatformHostname)
{
    /// <summary>Null when every part is well-formed.</summary>
    public Failure? Check()
    {
        if (Names.Check(Region, "region name") is { } failure)
            return failure;
        foreach (var host in (string[])[AppsHostname, PlatformHostname])
        {
            if (!Hostnames.IsStrict(host))
                return new Failure(ErrorCodes.InvalidName,
                    $"The host name of region '{Region}' is not lower-case DNS labels.",
                    "Example: eu-west-1.apps.pelago.localhost.", "appsHostname");
        }
        return null;
    }

    /// <summary>Whether the region's intermediate may issue for a name.</summary>
    public bool Covers(string name)
        => Hostnames.IsUnder(name, AppsHostname) || Hostnames.IsUnder(name, PlatformHostname);
}
