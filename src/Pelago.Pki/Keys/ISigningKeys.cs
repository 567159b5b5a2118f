using System.Security.Cryptography;

namespace Pelago.Pki;

/// <summary>Where an authority's signing key lives: sealed files here, a PKCS#11 token or a customer's key service
/// elsewhere.</summary>
public interface ISigningKeys
{
    /// <summary>Opens the P-256 key of that name, and makes it when there is none. The handle may sign without ever
    /// showing the private part. The caller disposes it.</summary>
    /// <exception cref="Pelago.Model.PelagoException">PLG3005: a key is there and cannot be opened; it is never
    /// replaced.</exception>
    ValueTask<ECDsa> OpenAsync(string name, CancellationToken cancellationToken);
}
