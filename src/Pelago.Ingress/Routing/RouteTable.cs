using System.Collections.Frozen;
using Pelago.Model;

namespace Pelago.Ingress;

/// <summary>All routes of a region at one moment. Immutable; the ingress swaps whole tables.</summary>
public sealed class RouteTable
{
    private readonly FrozenDictionary<string, PublicRoute[]> _byHost;
    private readonly FrozenDictionary<(string Service, string Project), ServiceRoute> _byService;

    private RouteTable(IEnumerable<PublicRoute> publicRoutes, IEnumerable<ServiceRoute> services)
    {
        _byHost = publicRoutes
            .GroupBy(r => r.Host, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(
                g => g.Key,
                g => g.OrderByDescending(r => r.PathPrefix.Length).ToArray(),
                StringComparer.OrdinalIgnoreCase
            );
        _byService = services.ToFrozenDictionary(s => (s.Service, s.Project));
    }

    /// <summary>No routes.</summary>
    public static RouteTable Empty { get; } = new([], []);

    /// <summary>Makes a table, or says everything that is wrong with it.</summary>
    /// <returns>Empty when <paramref name="table"/> was made.</returns>
    public static IReadOnlyList<Failure> Create(
        IReadOnlyList<PublicRoute> publicRoutes,
        IReadOnlyList<ServiceRoute> services,
        out RouteTable? table
    )
    {
        var failures = publicRoutes.SelectMany(Check).Concat(services.SelectMany(Check)).ToList();
        failures.AddRange(publicRoutes.GroupBy(r => (r.Host, r.PathPrefix)).Where(g => g.Count() > 1)
            .Select(g => Bad($"Host '{g.Key.Host}' has two routes for '{g.Key.PathPrefix}'.")));
        failures.AddRange(services.GroupBy(s => (s.Service, s.Project)).Where(g => g.Count() > 1)
            .Select(g => Bad($"Service '{g.Key.Service}' of project '{g.Key.Project}' has two routes.")));
        table = failures.Count == 0 ? new RouteTable(publicRoutes, services) : null;
        return failures;
    }

    /// <summary>The route of a host and a raw path, or null.</summary>
    internal PublicRoute? Find(string host, ReadOnlySpan<char> path)
    {
        if (!_byHost.TryGetValue(host, out var routes))
            return null;
        foreach (var route in routes)
        {
            if (Takes(route.PathPrefix, path))
                return route;
        }
        return null;
    }

    /// <summary>The route of a service, or null.</summary>
    internal ServiceRoute? Find(ServiceHostname name) => _byService.GetValueOrDefault((name.Service, name.Project));

    private static bool Takes(string prefix, ReadOnlySpan<char> path)
        => path.StartsWith(prefix, StringComparison.Ordinal)
            && (prefix[^1] == '/' || path.Length == prefix.Length || path[prefix.Length] == '/');

    private static IEnumerable<Failure> Check(PublicRoute route)
    {
        if (!Hostnames.IsStrict(route.Host))
            yield return Bad("A route's host is not lower-case DNS labels.");
        if (
            route.PathPrefix.Length == 0
            || route.PathPrefix[0] != '/'
            || RequestTarget.Check(route.PathPrefix) is not null
        )
            yield return Bad($"The path prefix of a route of '{route.Host}' is not a plain path that begins with '/'.");
        foreach (var failure in route.Instances.SelectMany(Check))
            yield return failure;
    }

    private static IEnumerable<Failure> Check(ServiceRoute route)
    {
        if ((Names.CheckService(route.Service) ?? Names.Check(route.Project, "project name")) is { } failure)
            yield return failure;
        foreach (var bad in route.Instances.SelectMany(Check))
            yield return bad;
    }

    private static IEnumerable<Failure> Check(Upstream instance)
    {
        foreach (var url in new[] { instance.Url, instance.RemotingUrl })
        {
            if (
                url is not null
                && (
                    !Uri.TryCreate(url, UriKind.Absolute, out var parsed)
                    || parsed.Scheme != Uri.UriSchemeHttp
                    || parsed.PathAndQuery != "/"
                    || parsed.UserInfo.Length > 0
                    || parsed.Fragment.Length > 0
                )
            )
                yield return Bad($"Instance '{instance.Id}' has an address that is not http://host:port.");
        }
        if (
            instance.IngressSecret.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '=' or '+' or '/'))
        )
            yield return Bad($"The secret of instance '{instance.Id}' is not base64.");
    }

    private static Failure Bad(string message) => new(ErrorCodes.BadRoute, message, "Correct the route.");
}
