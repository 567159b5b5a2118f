using Microsoft.Extensions.Logging;

namespace Pelago.Api;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void EndpointFailed(ILogger log, string method, string path, Exception exception);

    [LoggerMessage(2, LogLevel.Error, "the certificate of {Name} is not renewed; it is tried again")]
    public static partial void CertificateNotRenewed(ILogger log, string name, Exception exception);
}
