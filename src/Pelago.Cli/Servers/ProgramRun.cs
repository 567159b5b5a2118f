using System.Diagnostics;

namespace Pelago.Cli;

/// <summary>Runs a program of the system to its end, in <c>/</c> and without input.</summary>
internal static class ProgramRun
{
    /// <returns>Exit code, and what it said on both streams; 127 and the reason when it cannot be started, as shells
    /// have it.</returns>
    public static async Task<(int ExitCode, string Said)> RunAsync(
        IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        Process? process = null;
        try
        {
            process = Process.Start(start)!;
            process.StandardInput.Close();
            var said = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var complained = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, (await said + await complained).Trim());
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (127, e.Message);
        }
        finally
        {
            if (process is { HasExited: false })
                process.Kill(entireProcessTree: true);
            process?.Dispose();
        }
    }
}
