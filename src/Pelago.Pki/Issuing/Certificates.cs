using System.Security.Cryptography.X509Certificates;

namespace Pelago.Pki;

/// <summary>A collection whose certificates are released with it; the library's own leaves them to the
/// finalizer.</summary>
internal sealed class Certificates : IDisposable
{
    public X509Certificate2Collection List { get; } = [];

    public void Dispose()
    {
        foreach (var certificate in List)
            certificate.Dispose();
    }
}
