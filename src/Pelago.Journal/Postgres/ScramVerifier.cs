using System.Security.Cryptography;
using System.Text;

namespace Pelago.Journal;

/// <summary>What a PostgreSQL server keeps of a password (SCRAM-SHA-256: RFC 5802 and RFC 7677; the form is that of
/// <c>pg_authid.rolpassword</c>). Made here, so that no password is part of a statement, which a server that refuses it
/// writes to its log.</summary>
internal static class ScramVerifier
{
    private const int Iterations = 4096;
    private const int SaltBytes = 16;

    /// <summary>Makes one with a new salt.</summary>
    /// <param name="password">ASCII without control characters: preparation (RFC 4013) leaves it as it is.</param>
    public static string Of(string password) => Of(password, RandomNumberGenerator.GetBytes(SaltBytes));

    /// <summary>Makes one with a given salt.</summary>
    public static string Of(string password, byte[] salt)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.ASCII.GetBytes(password), salt, Iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return FormattableString.Invariant($"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}")
            + $"${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}";
    }
}
