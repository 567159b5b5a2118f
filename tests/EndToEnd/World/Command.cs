using System.Diagnostics;

namespace Pelago.Tests.EndToEnd;

/// <summary>What a command left behind.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>Fails with what the command said, unless it ended as expected.</summary>
    public CommandResult ShouldExitWith(int exitCode)
    {
        ExitCode.ShouldBe(exitCode, $"{Output}\n{Error}");
        return this;
    }
}

/// <summary>Runs <c>./pelago</c> of this checkout, as a user would. Its output goes through pipes: a process of the
/// world
/// that kept them open would hold the command's reader, which the limit turns into a failure.</summary>
internal static class Command
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>The root of the checkout.</summary>
    public static string Root { get; } = FindRoot();

    public static Task<CommandResult> RunAsync(params string[] arguments)
        => RunProgramAsync(Path.Combine(Root, "pelago"), arguments);

    /// <summary>Runs another program.</summary>
    public static async Task<CommandResult> RunProgramAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true); // else it goes on after its test, and leaves a world behind
        }
    }

    public static Process Start(params string[] arguments) => Start(Path.Combine(Root, "pelago"), arguments);

    private static Process Start(string program, string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        return process;
    }

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Pelago.slnx")))
                return at.FullName;
        }
        throw new DirectoryNotFoundException("No checkout above " + AppContext.BaseDirectory);
    }
}
