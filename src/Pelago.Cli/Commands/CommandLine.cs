using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Microsoft.AspNetCore.Connections;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>From arguments to an exit code. 1. Parse. 2. A wrong command line ends with exit code 2 and the nearest
/// right one. 3. Run the verb. 4. Every failure becomes one line with a code; nobody sees a stack trace.</summary>
internal static class CommandLine
{
    /// <summary>Set to see where an unexpected failure came from.</summary>
    public const string DebugVariable = "PELAGO_DEBUG";

    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, Terminal terminal, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            // 1.
            var parsed = Verbs.Create(terminal, time).Parse(arguments);
            // 2.
            if (parsed.Errors.Count > 0 && parsed.Action is not (ExamplesFirst or HelpAction))
                throw WrongLine(parsed).ToException();
            // 3.
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null, // verbs and roles handle signals as it suits them
                    Output = terminal.Out,
                    Error = terminal.Error,
                },
                cancellationToken);
        }
        // 4.
        catch (PelagoException e)
        {
            terminal.Fail(e.Failure);
            return e.Failure.Error.ExitCode;
        }
        catch (OperationCanceledException)
        {
            terminal.Fail(new Failure(
                ErrorCodes.Interrupted, "Interrupted; what was done so far stays.", "Run the command again to go on."));
            return ErrorCodes.Interrupted.ExitCode;
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            terminal.Fail(new Failure(ErrorCodes.PortTaken, e.Message, "End the process that uses it: 'ss -ltnp'."));
            return ErrorCodes.PortTaken.ExitCode;
        }
        catch (IOException e)
        {
            // A full disk or output, no directory for temporary files: none is a fault of ours.
            var failure = new Failure(ErrorCodes.FileNotWritten, Sentence.End($"A file cannot be used: {e.Message}"),
                $"Look at the disk, at {Path.GetTempPath()} for temporary files (TMPDIR), and where the output goes.");
            terminal.Fail(failure);
            return failure.Error.ExitCode;
        }
        catch (UnauthorizedAccessException e)
        {
            terminal.Fail(new Failure(ErrorCodes.WorldAccess, e.Message, "Run the command as the user who owns it."));
            return ErrorCodes.WorldAccess.ExitCode;
        }
        catch (Exception e)
        {
            terminal.Fail(new Failure(ErrorCodes.Unexpected, $"{e.GetType().Name}: {e.Message}",
                $"Please report it; {DebugVariable}=1 shows where it came from."));
            if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(DebugVariable)))
                terminal.Say(e.ToString());
            return ErrorCodes.Unexpected.ExitCode;
        }
    }

    private static Failure WrongLine(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var name = command is RootCommand ? "pelago" : PathOf(parsed);
        var help = $"'{name} --help' shows how it is used.";
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            var known = command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)
                .Concat(command.Options.Select(o => o.Name));
            var nearest = Spelling.Nearest(unknown, known);
            var what = command.Subcommands.Count > 0 && !unknown.StartsWith('-') ? "verb" : "argument";
            return new Failure(ErrorCodes.UnknownCommand, $"'{unknown}' is no {what} of '{name}'.",
                nearest is null ? help : $"Did you mean '{nearest}'? {help}");
        }
        return new Failure(ErrorCodes.InvalidArgument, Sentence.End(parsed.Errors[0].Message), help);
    }

    private static string PathOf(ParseResult parsed)
    {
        var words = new List<string>();
        for (var at = parsed.CommandResult; at is not null; at = at.Parent as System.CommandLine.Parsing.CommandResult)
            words.Insert(0, at.Command is RootCommand ? "pelago" : at.Command.Name);
        return string.Join(' ', words);
    }
}

/// <summary>Help that begins with examples: what most people came for.</summary>
internal sealed class ExamplesFirst(HelpAction usual, Func<Command, IReadOnlyList<string>> examplesOf)
    : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        var examples = examplesOf(parseResult.CommandResult.Command);
        if (examples.Count > 0)
        {
            output.WriteLine("Examples:");
            foreach (var example in examples)
                output.WriteLine($"  {example}");
            output.WriteLine();
        }
        return usual.Invoke(parseResult);
    }
}
