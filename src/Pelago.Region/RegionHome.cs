using Pelago.Client;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>Where a region keeps what. Only its owner may enter (0700), and every file that could help somebody is
/// 0600.</summary>
/// <param name="Path">The home directory.</param>
internal sealed record RegionHome(string Path)
{
    public string ConfigFile => In("config.json");

    /// <summary>The key that seals every other secret here.</summary>
    public string SealingKeyFile => In("kek");

    public string Keys => In("keys");

    public string IdentityFile => In("identity.json");

    public string BundleFile => In("bundle.pem");

    public string IssuanceFile => In("issued.jsonl");

    public string WorkloadsFile => In("workloads.json");

    public string InstancesFile => In(Model.InstancesFile.FileName);

    /// <summary>Packed artifacts, by digest.</summary>
    public string Artifacts => In("artifacts");

    /// <summary>Unpacked artifacts, by digest.</summary>
    public string Programs => In("programs");

    /// <summary>The region's own journal.</summary>
    public string Journal => In("journal");

    /// <summary>Data of a service: there for every later instance of it.</summary>
    public string DataOf(string project, string service) => In(System.IO.Path.Combine("services", project, service));

    /// <summary>Logs of the region and of its services.</summary>
    public string Logs => In("log");

    /// <summary>Data of all services.</summary>
    public string Services => In("services");

    public string LogOf(string project, string service)
        => In(System.IO.Path.Combine("log", $"{project}.{service}.log"));

    /// <summary>Makes the directories that are missing.</summary>
    public void Prepare()
    {
        foreach (var directory in new[] { Path, Keys, Artifacts, Programs, Journal, In("services"), In("log") })
            PrivateFile.CreateDirectory(directory);
    }

    /// <summary>Reads the configuration.</summary>
    /// <exception cref="PelagoException">PLG1109 when it is missing or of another version.</exception>
    public RegionConfig ReadConfig()
    {
        var config = PrivateFile.ReadJson<RegionConfig>(ConfigFile, "'pelago up' writes it anew.");
        if (config is { FormatVersion: 1 })
            return config;
        throw new Failure(ErrorCodes.RoleConfig,
            config is null ? $"'{ConfigFile}' does not exist."
                : $"'{ConfigFile}' has version {config.FormatVersion}, not 1.",
            "Start the world with 'pelago up'.").ToException();
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
