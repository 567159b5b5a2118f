using System.CommandLine;
using System.Runtime.InteropServices;

namespace Pelago.Cli;

/// <summary>What verbs share: the terminal, the clock, common options, and how they are run.</summary>
internal sealed class VerbContext(Terminal terminal, TimeProvider time)
{
    private readonly Dictionary<Command, IReadOnlyList<string>> _examples = [];

    public Terminal Terminal { get; } = terminal;

    public TimeProvider Time { get; } = time;

    /// <summary><c>--data</c>, on every verb.</summary>
    public Option<string> Data { get; } = new("--data")
    {
        Description = "Data directory of the world.",
        HelpName = "DIR",
        DefaultValueFactory = _ => WorldDirectory.Default,
        Recursive = true,
    };

    /// <summary><c>--no-input</c>, on every verb.</summary>
    public Option<bool> NoInput { get; } = new("--no-input")
    {
        Description = "Never ask; fail where an answer is needed.",
        Recursive = true,
    };

    /// <summary>A new <c>-o</c>.</summary>
    public static Option<OutputFormat> Format() => new("--output", "-o")
    {
        Description = "table, wide, json, yaml or name.",
        HelpName = "FORMAT",
        DefaultValueFactory = _ => OutputFormat.Table,
        CustomParser = result =>
        {
            var word = result.Tokens.Single().Value;
            if (Enum.TryParse<OutputFormat>(word, ignoreCase: true, out var format) && !char.IsAsciiDigit(word[0]))
                return format;
            result.AddError($"'{word}' is no format of output: table, wide, json, yaml, name.");
            return default;
        },
    };

    /// <summary>A new <c>--yes</c>.</summary>
    public static Option<bool> Yes() => new("--yes", "-y") { Description = "Do not ask." };

    public IReadOnlyList<string> ExamplesOf(Command command) => _examples.GetValueOrDefault(command) ?? [];

    public WorldDirectory World(ParseResult parsed) => WorldDirectory.At(parsed.GetValue(Data)!);

    /// <summary>A verb of users: interrupting it ends it in good order, with exit code 130.</summary>
    public Command Verb(
        string name, string description, string[] examples, Func<ParseResult, CancellationToken, Task<int>>? run)
    {
        var command = new Command(name, description);
        _examples[command] = examples;
        if (run is not null)
            command.SetAction((parsed, cancellationToken) => InterruptibleAsync(parsed, run, cancellationToken));
        return command;
    }

    /// <summary>A verb that is a process of a world. It handles signals itself.</summary>
    public static Command Role(string name, string description, Func<string, CancellationToken, Task> run)
    {
        var home = new Option<string>("--home")
        {
            Description = "Home directory of the process; holds its config.json.", HelpName = "DIR", Required = true,
        };
        var command = new Command(name, description) { home };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await run(Path.GetFullPath(parsed.GetRequiredValue(home)), cancellationToken);
            return 0;
        });
        return command;
    }

    private static async Task<int> InterruptibleAsync(
        ParseResult parsed, Func<ParseResult, CancellationToken, Task<int>> run, CancellationToken cancellationToken)
    {
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = true;
            interrupted.Cancel();
        }

        using var terminal = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var ended = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        return await run(parsed, interrupted.Token);
    }
}
