using System.Diagnostics;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Makes a project what the launcher makes of a sample (<c>eng/build.sh</c>), step by step, so that the same
/// sources are the same artifact whoever deploys them: 1. <c>dotnet publish</c>, 2. compile it ahead of time. Where the
/// compiler cannot be had, the application is deployed without and starts slower.</summary>
internal static class Publishing
{
    private const int MaxShownLines = 10;

    /// <param name="project">Directory of the project.</param>
    /// <param name="work">A private directory for what lies between.</param>
    /// <param name="output">Where the application goes.</param>
    /// <param name="terminal">Is told what happens.</param>
    /// <param name="cancellationToken">Ends what runs.</param>
    /// <exception cref="PelagoException">PLG1302 with the first errors of the build.</exception>
    public static async Task RunAsync(string project, string work, string output, Terminal terminal,
        CancellationToken cancellationToken)
    {
        // 1.
        terminal.Say($"Publishing {project} …");
        var (code, said) = await DotnetAsync(
            ["publish", project, "-c", "Release", "-o", output, "-v", "q", "-nologo"], cancellationToken);
        if (code != 0)
        {
            var errors = said.Split('\n').Where(line => line.Contains("error", StringComparison.Ordinal))
                .Select(line => line.Trim()).Distinct().Take(MaxShownLines);
            throw new Failure(ErrorCodes.PublishFailed, $"'dotnet publish {project}' failed.",
                string.Join('\n', errors.Prepend("It said:"))).ToException();
        }

        // 2. The folder of this program may be somebody else's, and is never written.
        terminal.Say("Compiling it ahead of time …");
        var precompile = Path.Combine(AppContext.BaseDirectory, "precompile", "Precompile.csproj");
        (code, _) = await DotnetAsync(
            [
                "msbuild", precompile, "-restore", "-t:Precompile", $"-p:Copy={output}",
                $"-p:BaseIntermediateOutputPath={Path.Combine(work, "precompile")}/", "-v:q", "-nologo",
            ],
            cancellationToken);
        if (code != 0)
            terminal.Say("It is not compiled ahead of time: the compiler cannot be had. It starts slower.");
    }

    private static async Task<(int ExitCode, string Said)> DotnetAsync(
        string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var said = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var complained = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await said + await complained);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
