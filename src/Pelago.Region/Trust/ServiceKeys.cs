using System.Security.Cryptography;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>Custody of the key-encryption keys of the services' journals: one a service, made on first use, sealed
/// under the region's own key, handed to an instance at its enrolment only. It never changes while the journal
/// lives.</summary>
internal sealed class ServiceKeys(string directory, KeyEncryptionKey kek)
{
    private const int KeyBytes = 32;

    private readonly Lock _gate = new();

    /// <summary>The key of a service's journal.</summary>
    /// <exception cref="PelagoException">PLG3104 when it does not open; it is never replaced.</exception>
    public WrappingKey Of(string project, string service)
    {
        var name = $"journal.{project}.{service}";
        var path = Path.Combine(directory, name + ".sealed");
        lock (_gate)
        {
            if (!File.Exists(path))
            {
                var made = RandomNumberGenerator.GetBytes(KeyBytes);
                PrivateFile.Write(path, kek.Seal(name, made));
                CryptographicOperations.ZeroMemory(made);
            }
            var key = kek.Open(name, File.ReadAllBytes(path)) ?? throw new Failure(ErrorCodes.StateUnreadable,
                $"'{path}' was sealed under another key, or was changed.",
                    "Restore it from a backup: without it the journal is lost.")
                .ToException();
            return new WrappingKey($"{project}.{service}.1", key);
        }
    }
}
