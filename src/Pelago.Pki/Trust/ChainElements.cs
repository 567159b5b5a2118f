using System.Security.Cryptography.X509Certificates;

namespace Pelago.Pki;

/// <summary>A built chain holds a handle of every certificate in it, which disposing the chain does not
/// release.</summary>
internal static class ChainElements
{
    public static void Release(X509Chain chain)
    {
        foreach (var element in chain.ChainElements)
            element.Certificate.Dispose();
    }
}
