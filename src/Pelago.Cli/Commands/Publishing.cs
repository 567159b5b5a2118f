using System.Diagnostics;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Runs <c>dotnet publish</c>.</summary>
internal static class Publishing
{
    private const int MaxShownLines = 10;

    /// <exception cref="PelagoException">PLG1302 with the first errors of the build.</exception>
    public static async Task RunAsync(string project, string output, Terminal terminal,
        CancellationToken cancellationToken)
    {
        terminal.Say($"Publishing {project} …");
        string[] arguments = ["publish", project, "-c", "Release", "-o", output, "-v", "q", "-nologo"];
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var publish = Process.Start(start)!;
        publish.StandardInput.Close();
        try
        {
            var said = publish.StandardOutput.ReadToEndAsync(cancellationToken);
            var complained = publish.StandardError.ReadToEndAsync(cancellationToken);
            await publish.WaitForExitAsync(cancellationToken);
            if (publish.ExitCode == 0)
                return;
            var errors = (await said + await complained).Split('\n')
                .Where(line => line.Contains("error", StringComparison.Ordinal))
                .Select(line => line.Trim()).Distinct().Take(MaxShownLines);
            throw new Failure(ErrorCodes.PublishFailed, $"'dotnet publish {project}' failed.",
                string.Join('\n', errors.Prepend("It said:"))).ToException();
        }
        finally
        {
            if (!publish.HasExited)
                publish.Kill(entireProcessTree: true);
        }
    }
}
