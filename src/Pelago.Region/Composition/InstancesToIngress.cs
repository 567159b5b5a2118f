using Microsoft.Extensions.Logging;
using Pelago.Ingress;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Where the region's own inter-region addresses are served.</summary>
/// <param name="Url">Artifacts, HTTP/1.1 on loopback.</param>
/// <param name="RemotingUrl">Replication of the region's own entities, HTTP/2 on loopback.</param>
/// <param name="Secret">What its ingress sends along.</param>
internal sealed record OwnUpstream(string Url, string RemotingUrl, string Secret);

/// <summary>Routes of the ingress from the instances that run, and the certificates that the routes need.</summary>
internal sealed class InstancesToIngress(
    RegionConfig config, ServiceCatalog catalog, InstanceTable table, InstanceStarter starter, InstanceProbe probe,
    PkiToIngress certificates, OwnUpstream own, ILogger log)
{
    /// <summary>Project and service of the region itself.</summary>
    public const string OwnProject = "pelago", OwnService = "region";

    private IngressServer? _ingress;

    /// <summary>Gives an ingress that listens now its routes, from here on too.</summary>
    public Task ServeAsync(IngressServer ingress, CancellationToken cancellationToken)
    {
        _ingress = ingress;
        return UpdateAsync(cancellationToken);
    }

    /// <summary>Makes routes and certificates fit what runs now: certificates first, so that no route lacks
    /// one.</summary>
    /// <exception cref="PelagoException">A certificate could not be issued; nothing has changed.</exception>
    public async Task UpdateAsync(CancellationToken cancellationToken)
    {
        var services = catalog.Current.Services;
        await certificates.SetNamesAsync(
            [config.AppsHostname, .. services.Where(s => s.Spec.Public).Select(PublicName)],
            [Hostnames.Ingress(config.AppsHostname), NameOf(OwnService, OwnProject),
                .. services.Select(s => NameOf(s.Service, s.Project))],
            cancellationToken);
        if (_ingress is null)
            return;
        var failures = RouteTable.Create(
            [.. services.Where(s => s.Spec.Public).Select(s => new PublicRoute(PublicName(s), "/", UpstreamsOf(s)))],
            [
                new ServiceRoute(OwnService, OwnProject,
                    [new Upstream("region", own.Url, own.RemotingUrl, own.Secret, Ready: true)]),
                .. services.Select(s => new ServiceRoute(s.Service, s.Project, UpstreamsOf(s))),
            ],
            out var routes);
        if (routes is null)
            Log.RoutesRefused(log, string.Join(' ', failures));
        else
            _ingress.Routes = routes;
    }

    private Upstream[] UpstreamsOf(DesiredService service)
        => [.. table.Instances.Values.Where(i => i.Key == service.Key).Select(i => new Upstream(
            i.Id, i.Url, i.RemotingUrl, starter.IngressSecretOf(i), probe.Of(i.Id)?.Ready == true))];

    private string PublicName(DesiredService service)
        => Hostnames.Generated(service.Service, service.Project, config.AppsHostname);

    private string NameOf(string service, string project) => new ServiceHostname(service, project, config.AppsHostname)
        .Value;
}
