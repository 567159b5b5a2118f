using Pelago.Client;
using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>What the region told the program through its environment.</summary>
internal sealed record DeployedEnvironment(
    string Region, string Group, ServiceName Service, string Instance, string AppsHostname, string Home,
    string GuardFile,
    Endpoint Url, Endpoint Management, Endpoint Remoting, Uri RegionApi)
{
    /// <summary>Reads the variables; null when no region started the program.</summary>
    /// <param name="variable">Looks a variable up.</param>
    /// <exception cref="PelagoException">PLG2009: some are missing or malformed; names all of them.</exception>
    public static DeployedEnvironment? Read(Func<string, string?> variable)
    {
        if (string.IsNullOrEmpty(variable(InstanceEnvironment.Region)))
            return null;
        var wrong = new List<string>();
        var read = new DeployedEnvironment(
            Text(InstanceEnvironment.Region), Text(InstanceEnvironment.Group),
            new ServiceName(Text(InstanceEnvironment.Service), Text(InstanceEnvironment.Project)),
            Text(InstanceEnvironment.Instance), Text(InstanceEnvironment.AppsHostname), Text(InstanceEnvironment.Home),
            Text(InstanceEnvironment.GuardFile),
            Loopback(InstanceEnvironment.Url), Loopback(InstanceEnvironment.ManagementUrl),
            Loopback(InstanceEnvironment.RemotingUrl), Address(InstanceEnvironment.RegionApi, Uri.UriSchemeHttps));
        var names = string.Join(", ", wrong);
        return wrong.Count == 0 ? read : throw new Failure(ErrorCodes.InvalidOptions,
            $"The region's environment is not complete: {names}.",
            "Start the program through 'pelago deploy', or without PELAGO_REGION to run it alone.").ToException();

        string Text(string name)
        {
            var value = variable(name);
            if (string.IsNullOrWhiteSpace(value))
                wrong.Add(name);
            return value ?? "";
        }

        Uri Address(string name, string scheme)
        {
            if (Uri.TryCreate(Text(name), UriKind.Absolute, out var uri) && uri.Scheme == scheme)
                return uri;
            wrong.Add($"{name} (no {scheme} URL)");
            return new Uri("https://localhost");
        }

        Endpoint Loopback(string name)
        {
            var uri = Address(name, Uri.UriSchemeHttp);
            if (!uri.IsLoopback)
                wrong.Add($"{name} (not on loopback)");
            return Endpoint.Loopback(uri.Port);
        }
    }
}
