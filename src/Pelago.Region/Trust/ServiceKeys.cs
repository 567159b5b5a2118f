using System.Security.Cryptography;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>Custody of the key-encryption keys of the services' journals: the first of a service is made on first use,
/// later ones when they are renewed; each is sealed under the region's own key and handed to the service's instances
/// only. None is ever thrown away: a copy of a journal that is brought back needs the key of its time.</summary>
internal sealed class ServiceKeys(string directory, KeyEncryptionKey kek)
{
    private const int KeyBytes = 32;

    private readonly Lock _gate = new();

    /// <summary>The keys of a service's journal.</summary>
    /// <exception cref="PelagoException">PLG3104 when one does not open; it is never replaced.</exception>
    public JournalKeySet Of(string project, string service)
    {
        lock (_gate)
        {
            if (!File.Exists(PathOf(project, service, 1)))
                Make(project, service, 1);
            return Read(project, service);
        }
    }

    /// <summary>Makes a new key for a service's journal, durable before anybody gets it.</summary>
    /// <exception cref="PelagoException">PLG3104 when one of the present ones does not open, PLG1116 when the new one
    /// cannot be written.</exception>
    public JournalKeySet Renew(string project, string service)
    {
        var present = Of(project, service);
        lock (_gate)
        {
            Make(project, service, present.Former.Count + 2);
            return Read(project, service);
        }
    }

    private JournalKeySet Read(string project, string service)
    {
        var keys = new List<WrappingKey>();
        for (var number = 1; number == 1 || File.Exists(PathOf(project, service, number)); number++)
            keys.Insert(0, Open(project, service, number));
        return new JournalKeySet(keys[0], keys[1..]);
    }

    private void Make(string project, string service, int number)
    {
        var path = PathOf(project, service, number);
        if (File.Exists(path))
            return; // another instance was faster; its key is as new
        var made = RandomNumberGenerator.GetBytes(KeyBytes);
        PrivateFile.Write(path, kek.Seal(NameOf(project, service, number), made));
        CryptographicOperations.ZeroMemory(made);
    }

    private WrappingKey Open(string project, string service, int number)
    {
        var path = PathOf(project, service, number);
        var key = kek.Open(NameOf(project, service, number), File.ReadAllBytes(path)) ?? throw new Failure(
            ErrorCodes.StateUnreadable, $"'{path}' was sealed under another key, or was changed.",
            "Restore it from a backup: without it the journal is lost.").ToException();
        return new WrappingKey(IdOf(project, service, number, key), key);
    }

    // A renewed key names itself by what it is, too: one that was lost and is made again must not be taken for it.
    private static string IdOf(string project, string service, int number, byte[] key)
        => $"{project}.{service}.{number}"
            + (number == 1 ? "" : $"-{Convert.ToHexStringLower(SHA256.HashData(key).AsSpan(0, 4))}");

    private static string NameOf(string project, string service, int number)
        => $"journal.{project}.{service}{(number == 1 ? "" : $".{number}")}";

    private string PathOf(string project, string service, int number)
        => Path.Combine(directory, $"{NameOf(project, service, number)}.sealed");
}
