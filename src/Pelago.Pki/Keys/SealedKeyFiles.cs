using System.Security.Cryptography;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>Signing keys as files in a directory, each sealed under the key encryption key; they exist in the clear
/// only in this process's memory.</summary>
/// <param name="directory">Holds <c>&lt;name&gt;.key</c>, mode 0600.</param>
/// <param name="kek">Disposed by its owner, not here.</param>
public sealed class SealedKeyFiles(string directory, KeyEncryptionKey kek) : ISigningKeys
{
    private const int MaxFileBytes = 4096;

    /// <inheritdoc />
    public ValueTask<ECDsa> OpenAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Names.Check(name, "key name") is { } failure)
            throw failure.ToException();
        var path = Path.Combine(directory, name + ".key");
        return ValueTask.FromResult(File.Exists(path) ? Load(path, name) : Create(path, name));
    }

    private ECDsa Create(string path, string name)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var clear = key.ExportPkcs8PrivateKey();
        try
        {
            SecretFile.WriteNew(path, kek.Seal(name, clear));
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clear);
        }
    }

    private ECDsa Load(string path, string name)
    {
        var clear =
            kek.Open(name, SecretFile.Read(path, MaxFileBytes))
            ?? throw KeyEncryptionKey
                .Unusable($"The key '{path}' was not sealed under key {kek.Id} for this name, or was changed.")
                .ToException();
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(clear, out _);
            return key;
        }
        catch (CryptographicException e)
        {
            key.Dispose();
            throw KeyEncryptionKey.Unusable($"The key '{path}' is not a PKCS#8 key.").ToException(e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clear);
        }
    }
}
