namespace Pelago.Model;

/// <summary>What a region writes to <c>instances.json</c> in its home: the service instances that it started and that
/// outlive it. It adopts them after its own death, and whoever takes the whole region away finds them there.</summary>
public sealed record InstancesFile(IReadOnlyList<InstanceRecord> Instances)
{
    /// <summary>Name of the file within the region's home.</summary>
    public const string FileName = "instances.json";

    /// <summary>Version of this file's format.</summary>
    public int FormatVersion { get; init; } = 1;
}

/// <summary>One service instance.</summary>
/// <param name="Id">Instance id, unique in the region.</param>
/// <param name="Project">Project of its service.</param>
/// <param name="Service">Name of its service.</param>
/// <param name="Pid">Process id.</param>
/// <param name="StartTime">Start in clock ticks since boot; with the pid it names one life of one process.</param>
/// <param name="UrlPort">Loopback port of the application (HTTP/1.1).</param>
/// <param name="ManagementPort">Loopback port of health and inspection (HTTP/1.1).</param>
/// <param name="RemotingPort">Loopback port of replication streams (HTTP/2 cleartext).</param>
public sealed record InstanceRecord(
    string Id,
    string Project,
    string Service,
    int Pid,
    long StartTime,
    int UrlPort,
    int ManagementPort,
    int RemotingPort);
