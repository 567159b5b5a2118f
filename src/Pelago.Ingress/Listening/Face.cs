namespace Pelago.Ingress;

/// <summary>The two listeners.</summary>
internal enum Face
{
    /// <summary>HTTPS for everybody.</summary>
    Public = 1,

    /// <summary>Mutual TLS for services of the same group.</summary>
    InterRegion = 2,
}
