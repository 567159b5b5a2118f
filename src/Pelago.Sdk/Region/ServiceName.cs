using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>A service of a project, wherever it runs.</summary>
/// <param name="Service">Name of the service.</param>
/// <param name="Project">Name of its project.</param>
internal sealed record ServiceName(string Service, string Project)
{
    /// <summary>Its identity in a region.</summary>
    public ServiceHostname At(string appsHostname) => new(Service, Project, appsHostname);
}
