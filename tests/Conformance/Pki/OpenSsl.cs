using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;

namespace Pelago.Tests.Conformance;

/// <summary>The openssl command: the judge that did not read our code.</summary>
internal static class OpenSsl
{
    public sealed record Outcome(int ExitCode, string Output);

    public static async Task<Outcome> RunAsync(string command, params string[] arguments)
        => await RunAsync(command, input: "", arguments);

    public static async Task<Outcome> RunAsync(string command, string input, string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A peer that refused the handshake is gone before it reads what it would have sent.
        }
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new Outcome(process.ExitCode, await output + await errors);
    }

    /// <summary><c>openssl verify</c> of a leaf through an intermediate to a root, at a time.</summary>
    public static async Task<Outcome> VerifyAsync(
        TestGroup group,
        X509Certificate2 root,
        X509Certificate2 intermediate,
        X509Certificate2 leaf,
        string purpose = "sslclient",
        DateTimeOffset? at = null
    )
    {
        string[] paths = [Write(group, root), Write(group, intermediate), Write(group, leaf)];
        List<string> arguments = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", paths[0]];
        if (at is { } time)
            arguments.AddRange(["-attime", $"{time.ToUnixTimeSeconds()}"]);
        arguments.AddRange(["-untrusted", paths[1], paths[2]]);
        return await RunAsync("openssl", [.. arguments]);
    }

    public static async Task<string> TextAsync(TestGroup group, X509Certificate2 certificate)
        => (await RunAsync("openssl", "x509", "-noout", "-text", "-in", Write(group, certificate))).Output;

    public static string Write(TestGroup group, X509Certificate2 certificate)
    {
        var path = Path.Combine(group.Folder, $"{Convert.ToHexStringLower(certificate.GetCertHash())[..16]}.pem");
        File.WriteAllText(path, certificate.ExportCertificatePem());
        return path;
    }
}
