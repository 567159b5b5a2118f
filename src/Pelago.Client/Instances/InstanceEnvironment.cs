namespace Pelago.Client;

/// <summary>Environment variables by which a region tells a service instance who it is. None holds a secret: the
/// one-time token comes as one line of JSON (<see cref="Pelago.Model.EnrolmentTicket"/>) on standard input.</summary>
public static class InstanceEnvironment
{
    /// <summary>Name of the region, e.g. <c>us-east-1</c>. Its presence means that a region started the
    /// program.</summary>
    public const string Region = "PELAGO_REGION";

    /// <summary>Name of the region group.</summary>
    public const string Group = "PELAGO_GROUP";

    /// <summary>Project of the service.</summary>
    public const string Project = "PELAGO_PROJECT";

    /// <summary>Name of the service.</summary>
    public const string Service = "PELAGO_SERVICE";

    /// <summary>Id of this instance, unique in the region, a DNS label.</summary>
    public const string Instance = "PELAGO_INSTANCE";

    /// <summary>Directory for the instance's journal and whatever else it keeps; mode 0700, there for every later
    /// instance of the service too.</summary>
    public const string Home = "PELAGO_HOME";

    /// <summary>The journal's guard file: outside <see cref="Home"/>, so that a restored or copied home is
    /// noticed.</summary>
    public const string GuardFile = "PELAGO_GUARD_FILE";

    /// <summary>Where the application listens: HTTP/1.1 on loopback, e.g. <c>http://127.0.0.1:7530</c>.</summary>
    public const string Url = "PELAGO_URL";

    /// <summary>Where <c>/alive</c>, <c>/ready</c> and the inspection API listen: HTTP/1.1 on loopback.</summary>
    public const string ManagementUrl = "PELAGO_MANAGEMENT_URL";

    /// <summary>Where replication streams arrive from the ingress: HTTP/2 cleartext on loopback.</summary>
    public const string RemotingUrl = "PELAGO_REMOTING_URL";

    /// <summary>The region's Execution API, an https URL with port, e.g.
    /// <c>https://api.us-east-1.platform.pelago.localhost:7500</c>; names under <c>.localhost</c> are dialled on
    /// loopback.</summary>
    public const string RegionApi = "PELAGO_REGION_API";

    /// <summary>The apps host name of the region, e.g. <c>us-east-1.apps.pelago.localhost</c>: the instance's identity
    /// is <c>SERVICE.PROJECT.svc.</c> before it.</summary>
    public const string AppsHostname = "PELAGO_APPS_HOSTNAME";
}
