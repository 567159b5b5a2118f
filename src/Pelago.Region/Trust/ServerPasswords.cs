using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Pelago.Client;
using Pelago.Model;
using Pelago.Pki;

namespace Pelago.Region;

/// <summary>Custody of the passwords of the journals' databases: one a journal, made on first use, sealed under the
/// region's own key. The server keeps only what it checks them with.</summary>
internal sealed class ServerPasswords(string directory, KeyEncryptionKey kek)
{
    private const int Bytes = 32;

    private readonly Lock _gate = new();

    /// <summary>The password of a journal's database.</summary>
    /// <param name="journal">Name of the journal, fit for a file.</param>
    /// <exception cref="PelagoException">PLG3104 when it does not open.</exception>
    public string Of(string journal)
    {
        var name = $"database.{journal}";
        var path = Path.Combine(directory, name + ".sealed");
        lock (_gate)
        {
            if (!File.Exists(path))
            {
                var made = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
                PrivateFile.Write(path, kek.Seal(name, Encoding.ASCII.GetBytes(made)));
            }
            var password = kek.Open(name, File.ReadAllBytes(path)) ?? throw new Failure(ErrorCodes.StateUnreadable,
                $"'{path}' was sealed under another key, or was changed.",
                "Remove it: the database gets a new password.").ToException();
            return Encoding.ASCII.GetString(password);
        }
    }
}
