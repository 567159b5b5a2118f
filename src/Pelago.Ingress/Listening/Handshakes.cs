using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Pelago.Ingress;

/// <summary>Chooses the TLS settings of each handshake, by the name that it asks for.</summary>
internal sealed class Handshakes(IngressOptions options, IServerCertificates certificates, IInterRegionTls interRegion,
    TimeProvider clock, ILogger log)
{
    public ValueTask<SslServerAuthenticationOptions> BeginAsync(Face face, TlsHandshakeCallbackContext context)
    {
        var facts = context.Connection.Features.Get<ConnectionFacts>()!;
        facts.ServerName = context.ClientHelloInfo.ServerName;
        facts.EndAfter(options.MaxConnectionAge, options.CertificateEndMargin);
        return ValueTask.FromResult(face == Face.Public ? Public(facts) : InterRegion(facts));
    }

    private SslServerAuthenticationOptions Public(ConnectionFacts facts)
    {
        // No name, no certificate: there is no default that could answer for somebody else's name.
        var certificate = certificates.Find(facts.ServerName) ?? throw Unknown(facts);
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            AllowRenegotiation = false,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        };
    }

    private SslServerAuthenticationOptions InterRegion(ConnectionFacts facts)
    {
        var tls = interRegion.Accept(facts.ServerName, verdict => Decide(facts, verdict)) ?? throw Unknown(facts);
        // Said again here, because this listener's safety must not hang on an adapter's care.
        tls.ClientCertificateRequired = true;
        tls.AllowTlsResume = false;
        // Who presents nothing is told so by an answer, 403 with a code: in TLS 1.3 the client has finished before it
        // is judged, and .NET on Linux sends no alert, so that an ended handshake looks like a broken network. Without
        // a verified peer no request goes any further (`RequestPath`).
        if (tls.RemoteCertificateValidationCallback is { } check)
        {
            tls.RemoteCertificateValidationCallback = (sender, certificate, chain, errors)
                => certificate is null || check(sender, certificate, chain, errors);
        }
        return tls;
    }

    private void Decide(ConnectionFacts facts, PeerVerdict verdict)
    {
        if (verdict.Peer is not { } peer)
        {
            log.PeerRefused(verdict.Stage, verdict.Reason);
            return;
        }
        facts.Peer = peer;
        var untilEnd = peer.NotAfter - options.CertificateEndMargin - clock.GetUtcNow();
        facts.EndAfter(
            untilEnd < options.MaxConnectionAge ? untilEnd : options.MaxConnectionAge,
            options.CertificateEndMargin
        );
    }

    private static AuthenticationException Unknown(ConnectionFacts facts) =>
        new(
            facts.ServerName.Length == 0
                ? "The handshake names no server."
                : "No certificate for the name that the handshake asks for."
        );
}
