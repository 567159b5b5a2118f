using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pelago.Model;

namespace Pelago.Pki;

/// <summary>A certificate with the key that signs under it: what root and intermediate share.</summary>
internal sealed class Signer(X509Certificate2 certificate, ECDsa key, TimeProvider clock) : IDisposable
{
    private const int SerialBytes = 16;

    public X509Certificate2 Certificate { get; } = certificate;

    public X509SignatureGenerator Generator { get; } = X509SignatureGenerator.CreateForECDsa(key);

    /// <summary>128 random bits behind a leading one: positive, always 17 bytes, below RFC 5280's 20.</summary>
    public static byte[] NewSerial()
    {
        var serial = RandomNumberGenerator.GetBytes(SerialBytes + 1);
        serial[0] = 1; // without it, half of the numbers would need a bit forced to stay positive
        return serial;
    }

    /// <summary>Null while the issuer's certificate is valid now.</summary>
    public Failure? CheckValid()
    {
        var now = clock.GetUtcNow();
        return now < Certificate.NotBefore.ToUniversalTime() || now >= Certificate.NotAfter.ToUniversalTime()
            ? new Failure(ErrorCodes.IssuerNotValid,
                $"The issuer's certificate is valid from {Certificate.NotBefore.ToUniversalTime():u} to "
                    + $"{Certificate.NotAfter.ToUniversalTime():u} and issues nothing now.",
                "Renew the issuer, or correct this machine's clock.")
            : null;
    }

    /// <summary>From a little before now, never outside the issuer's own validity, in whole seconds as X.509 has
    /// them.</summary>
    /// <param name="life">Wished, and already within the policy.</param>
    /// <param name="backdate">How far before now it may begin.</param>
    /// <param name="clamped">The issuer's end came first.</param>
    public (DateTimeOffset NotBefore, DateTimeOffset NotAfter) Window(TimeSpan life, TimeSpan backdate,
        out bool clamped)
    {
        var now = WholeSeconds(clock.GetUtcNow());
        DateTimeOffset issuerStart = Certificate.NotBefore.ToUniversalTime();
        DateTimeOffset issuerEnd = Certificate.NotAfter.ToUniversalTime();
        var start = now - backdate;
        var end = now + life;
        clamped = end > issuerEnd;
        return (start < issuerStart ? issuerStart : start, clamped ? issuerEnd : end);
    }

    public static DateTimeOffset WholeSeconds(DateTimeOffset time) =>
        new(time.UtcTicks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, TimeSpan.Zero);

    /// <inheritdoc />
    public void Dispose()
    {
        key.Dispose();
        Certificate.Dispose();
    }
}
