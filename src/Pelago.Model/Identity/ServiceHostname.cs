namespace Pelago.Model;

/// <summary>The name of a service in a region, <c>&lt;service&gt;.&lt;project&gt;.svc.&lt;apps-hostname&gt;</c>:
/// identity in its client certificate, SNI and authority of the calls to it.</summary>
/// <remarks>Names come out of certificates and TLS handshakes of strangers: parsing never throws, and accepts exactly
/// one spelling of each name (lower case, no trailing dot), so that equal means equal bytes.</remarks>
public sealed record ServiceHostname(string Service, string Project, string AppsHostname)
{
    private const string Marker = ".svc.";

    /// <summary>The whole name.</summary>
    public string Value => $"{Service}.{Project}{Marker}{AppsHostname}";

    /// <summary>Parses a name under a known apps host name; false for any other name.</summary>
    public static bool TryParse(string? name, string appsHostname, out ServiceHostname? parsed)
    {
        parsed = null;
        if (name is null || !Hostnames.IsStrict(name)
            || !name.EndsWith(Marker + appsHostname, StringComparison.Ordinal))
            return false;
        var labels = name[..^(Marker.Length + appsHostname.Length)].Split('.');
        // Exactly two labels: one more would be a name that no rule of ours gives a meaning to.
        if (labels.Length != 2 || Names.CheckService(labels[0]) is not null
            || Names.Check(labels[1], "project name") is not null)
            return false;
        parsed = new ServiceHostname(labels[0], labels[1], appsHostname);
        return true;
    }

    /// <inheritdoc />
    public override string ToString() => Value;
}
