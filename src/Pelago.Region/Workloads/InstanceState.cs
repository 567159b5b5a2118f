using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>An instance as the region remembers it (<c>workloads.json</c>): what it needs to adopt it after its own
/// restart.</summary>
/// <param name="Id">Instance id.</param>
/// <param name="Project">Its project.</param>
/// <param name="Service">Its service.</param>
/// <param name="Revision">Revision of the service it was started for.</param>
/// <param name="StartedAt">When it was started.</param>
/// <param name="Process">Its process; pid 0 while the start is under way.</param>
/// <param name="Ports">First of its three ports: application, management, remoting.</param>
/// <param name="TokenSha256">Hash of its one-time token.</param>
/// <param name="SealedIngressSecret">Its ingress secret, sealed.</param>
internal sealed record InstanceState(
    string Id,
    string Project,
    string Service,
    string Revision,
    DateTimeOffset StartedAt,
    ProcessIdentity Process,
    int Ports,
    string TokenSha256,
    byte[] SealedIngressSecret)
{
    /// <summary>Ports that an instance takes.</summary>
    public const int PortCount = 3;

    /// <summary>Pin of the key that the token was used for; null before enrolment.</summary>
    public string? EnrolledKeySha256 { get; init; }

    /// <summary>Until when the token may be used again by that key, for a lost answer.</summary>
    public DateTimeOffset? TokenEnds { get; init; }

    /// <summary>Hash of the instance's credential; null before enrolment.</summary>
    public string? CredentialSha256 { get; init; }

    /// <summary>What it said when it failed; null while it has not.</summary>
    public TroubleView? Failure { get; init; }

    public string Key => $"{Project}/{Service}";

    public string Url => $"http://127.0.0.1:{Ports}";

    public string ManagementUrl => $"http://127.0.0.1:{Ports + 1}";

    public string RemotingUrl => $"http://127.0.0.1:{Ports + 2}";

    public InstanceRecord ToRecord()
        => new(Id, Project, Service, Process.Pid, Process.StartTime, Ports, Ports + 1, Ports + 2);
}

/// <summary>Content of <c>workloads.json</c>.</summary>
internal sealed record WorkloadsRecord(IReadOnlyList<InstanceState> Instances)
{
    public int FormatVersion { get; init; } = 1;
}
