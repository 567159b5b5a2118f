using System.Text;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>The bundle in use, as a file and as a snapshot. A newer one replaces it; an older, replayed or foreign one
/// is refused, also after a restart. Reading is lock-free.</summary>
public sealed class TrustStore
{
    private const int MaxFileBytes = 512 * 1024;

    private readonly Lock _gate = new();
    private readonly string _path;
    private volatile TrustBundle? _current;

    private TrustStore(string path, TrustBundle? current) => (_path, _current) = (path, current);

    /// <summary>The bundle in use.</summary>
    /// <exception cref="InvalidOperationException">None was ever offered.</exception>
    public TrustBundle Current =>
        _current ?? throw new InvalidOperationException("No trust bundle has been stored yet.");

    /// <summary>Whether there is one.</summary>
    public bool HasBundle => _current is not null;

    /// <summary>Opens the store on a file, which need not exist yet.</summary>
    /// <exception cref="PelagoException">PLG3006: the file is there and is no bundle.</exception>
    public static TrustStore Open(string path)
    {
        if (!File.Exists(path))
            return new TrustStore(path, null);
        var text = Encoding.ASCII.GetString(SecretFile.Read(path, MaxFileBytes));
        return TrustBundle.Parse(text, out var bundle) is { } failure
            ? throw failure.ToException()
            : new TrustStore(path, bundle);
    }

    /// <summary>Takes a bundle if it is newer than the one in use. The same one again changes nothing and is no
    /// error.</summary>
    /// <returns>Null when it is in use now; PLG3007 otherwise.</returns>
    public Failure? Offer(TrustBundle offered)
    {
        lock (_gate)
        {
            if (_current is { } current)
            {
                if (offered.Group != current.Group)
                    return Refused(
                        $"The bundle is of group '{offered.Group}', this store's group is '{current.Group}'.");
                if (offered.Sha256 == current.Sha256)
                    return null;
                if (offered.Epoch <= current.Epoch)
                    return Refused(
                        $"The bundle's epoch {offered.Epoch} is not above {current.Epoch}, which is in use.");
            }
            SecretFile.Replace(_path, Encoding.ASCII.GetBytes(offered.Pem), ownerOnly: false);
            _current = offered;
            return null;
        }
    }

    private static Failure Refused(string message)
        => new(ErrorCodes.TrustBundleRefused, message, "Fetch the group's bundle from the federation plane again.");
}
