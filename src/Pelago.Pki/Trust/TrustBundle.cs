using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>What a region trusts: the roots of its group (several while one replaces the other), the intermediates that
/// are denied by name, and the epoch that orders bundles. Immutable; safe for concurrent use; never disposed, because
/// handshakes in flight may hold it and a process sees few of them.</summary>
/// <remarks>Written as PEM with a header of comment lines, so that one file serves Pelago and <c>curl --cacert</c>
/// alike. Text outside PEM blocks is allowed by RFC 7468, section 2.</remarks>
public sealed class TrustBundle
{
    private const string Title = "# pelago trust bundle v1";
    private const int MaxChars = 256 * 1024;
    private const int MaxRoots = 16;
    private const int MaxDenied = 1024;

    private readonly HashSet<string> _denied;

    private TrustBundle(string group, long epoch, X509Certificate2Collection roots, HashSet<string> denied)
    {
        (Group, Epoch, Roots, _denied) = (group, epoch, roots, denied);
        Pem = Write();
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Pem)));
    }

    /// <summary>The region group.</summary>
    public string Group { get; }

    /// <summary>Grows with every change; an older one is refused.</summary>
    public long Epoch { get; }

    /// <summary>The roots. Do not change or dispose.</summary>
    public X509Certificate2Collection Roots { get; }

    /// <summary>SHA-256 of the intermediates that are refused although a root certified them, lower-case hex.</summary>
    public IReadOnlyCollection<string> DeniedIntermediates => _denied;

    /// <summary>The canonical text.</summary>
    public string Pem { get; }

    /// <summary>SHA-256 of the canonical text in lower-case hex: what a region acknowledges.</summary>
    public string Sha256 { get; }

    /// <summary>A bundle of certificates that the caller vouches for.</summary>
    /// <exception cref="PelagoException">PLG3006.</exception>
    public static TrustBundle Create(string group, long epoch, IEnumerable<X509Certificate2> roots,
        IEnumerable<string> denied)
    {
        X509Certificate2Collection copies = [.. roots.Select(r => X509CertificateLoader.LoadCertificate(r.RawData))];
        return Check(group, epoch, copies, [.. denied], out var bundle) is { } failure
            ? throw failure.ToException()
            : bundle!;
    }

    /// <summary>Reads a bundle's text; it came over the network, or from a disk that somebody may have
    /// edited.</summary>
    /// <returns>Null when it is well-formed.</returns>
    public static Failure? Parse(string text, out TrustBundle? bundle)
    {
        bundle = null;
        if (text.Length > MaxChars)
            return Bad($"The bundle is longer than {MaxChars} characters.");
        var lines = text.Split('\n');
        if (lines.Length < 3 || lines[0] != Title)
            return Bad("The bundle does not begin with its title line.");
        if (!lines[1].StartsWith("# group: ", StringComparison.Ordinal)
            || !lines[2].StartsWith("# epoch: ", StringComparison.Ordinal)
            || !long.TryParse(lines[2].AsSpan("# epoch: ".Length), NumberStyles.None, CultureInfo.InvariantCulture,
                out var epoch)
        )
            return Bad("The bundle's header does not name group and epoch.");
        var denied = lines.Skip(3).TakeWhile(l => l.StartsWith("# denied: ", StringComparison.Ordinal))
            .Select(l => l["# denied: ".Length..]);
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(text);
        }
        catch (CryptographicException)
        {
            return Bad("The bundle's certificates are not PEM.");
        }
        if (Check(lines[1]["# group: ".Length..], epoch, roots, [.. denied], out var parsed) is { } failure)
            return failure;
        // Only the canonical text has the hash that regions acknowledge; a second spelling would be a second hash.
        if (parsed!.Pem != text)
            return Bad("The bundle is not in canonical form.");
        bundle = parsed;
        return null;
    }

    /// <summary>Whether an intermediate is denied.</summary>
    public bool IsDenied(X509Certificate2 intermediate)
        => _denied.Contains(intermediate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant());

    /// <summary>Whether one of the roots signed a certificate; says nothing about its dates.</summary>
    public bool Issued(X509Certificate2 certificate)
    {
        using var chain = new X509Chain { ChainPolicy = NewPolicy() };
        var built = chain.Build(certificate) && chain.ChainElements.Count == 2;
        ChainElements.Release(chain);
        return built;
    }

    /// <summary>A chain policy of these roots alone: no system store, no downloads, no revocation lists, and dates left
    /// to the caller, who knows the clock and its bound.</summary>
    internal X509ChainPolicy NewPolicy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
            VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid,
            VerificationTimeIgnored = false,
        };
        policy.CustomTrustStore.AddRange(Roots);
        return policy;
    }

    private static Failure? Check(string group, long epoch, X509Certificate2Collection roots, HashSet<string> denied,
        out TrustBundle? bundle)
    {
        bundle = null;
        if (Names.Check(group, "region group") is { } badName)
            return badName;
        if (epoch < 1)
            return Bad("The bundle's epoch is not positive.");
        if (roots.Count is 0 or > MaxRoots || denied.Count > MaxDenied)
            return Bad($"The bundle holds {roots.Count} roots and {denied.Count} denied intermediates; "
                + $"1 to {MaxRoots} and at most {MaxDenied} are allowed.");
        if (roots.Any(r => !r.SubjectName.RawData.AsSpan().SequenceEqual(r.IssuerName.RawData)))
            return Bad("The bundle holds a certificate that is not a root.");
        if (denied.Any(d => d.Length != 64 || !d.All(char.IsAsciiHexDigitLower)))
            return Bad("The bundle denies something that is not a SHA-256 in lower-case hex.");
        bundle = new TrustBundle(group, epoch, roots, denied);
        return null;
    }

    private string Write()
    {
        var text = new StringBuilder();
        text.Append(Title).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"# group: {Group}\n# epoch: {Epoch}\n");
        foreach (var denied in _denied.Order(StringComparer.Ordinal))
            text.Append("# denied: ").Append(denied).Append('\n');
        foreach (var root in Roots.OrderBy(r => r.GetCertHashString(HashAlgorithmName.SHA256), StringComparer.Ordinal))
            text.Append(root.ExportCertificatePem()).Append('\n');
        return text.ToString();
    }

    private static Failure Bad(string message)
        => new(ErrorCodes.BadTrustBundle, message, "Fetch the group's bundle from the federation plane again.");
}
