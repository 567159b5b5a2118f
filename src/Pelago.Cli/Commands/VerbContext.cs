using System.CommandLine;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using Pelago.Model;

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

    /// <summary><c>--context</c>, on every verb.</summary>
    public Option<string?> Context { get; } = new("--context")
    {
        Description = "A world by the name that 'up --context NAME' gave it, instead of --data.",
        HelpName = "NAME",
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

    /// <summary>A new option that takes a number; null when it is not given.</summary>
    /// <param name="name">Name, with its unit.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="helpName">What the help shows for the number.</param>
    /// <param name="least">Smallest; null when whoever gets the number judges it.</param>
    /// <param name="most">Largest.</param>
    public static Option<T?> Number<T>(
        string name, string description, string helpName, T? least = null, T? most = null)
        where T : struct, INumber<T> => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            if (T.TryParse(result.Tokens.Single().Value, CultureInfo.InvariantCulture, out var number)
                && (least is null || number >= least) && (most is null || number <= most) && T.IsFinite(number))
                return number;
            result.AddError(least is null ? $"{name} must be a number."
                : string.Create(CultureInfo.InvariantCulture, $"{name} must be a number from {least} to {most}."));
            return null;
        },
    };

    /// <summary>A new <c>--yes</c>.</summary>
    public static Option<bool> Yes() => new("--yes", "-y") { Description = "Do not ask." };

    public IReadOnlyList<string> ExamplesOf(Command command) => _examples.GetValueOrDefault(command) ?? [];

    /// <summary>A new <c>--dry-run</c>.</summary>
    public static Option<bool> DryRun() => new("--dry-run") { Description = "Say what would change; change nothing." };

    /// <summary>The world that a command line means.</summary>
    /// <exception cref="PelagoException">PLG1112 unknown context; PLG1202 when --data and --context name two
    /// worlds.</exception>
    public WorldDirectory World(ParseResult parsed)
    {
        if (parsed.GetValue(Context) is not { } name)
            return WorldDirectory.At(parsed.GetValue(Data)!);
        var contexts = Contexts.OfUser();
        var saved = WorldDirectory.At(contexts.Find(name) ?? throw contexts.Unknown(name).ToException());
        return AskedFor(parsed) is { } asked && asked.Root != saved.Root
            ? throw new Failure(ErrorCodes.InvalidArgument,
                $"--data is '{asked.Root}', but context '{name}' is the world in '{saved.Root}'.",
                "Give one of them.").ToException()
            : saved;
    }

    /// <summary>What other command lines need to mean the same world as this one: empty for the default.</summary>
    public string Suffix(ParseResult parsed)
        => parsed.GetValue(Context) is { } name ? $" --context {name}"
            : AskedFor(parsed) is { } asked ? $" --data {asked.Root}" : "";

    /// <summary>The world that <c>up</c> means; it may be yet to be made, and to be saved as the context.</summary>
    public WorldDirectory NewWorld(ParseResult parsed)
    {
        if (parsed.GetValue(Context) is not { } name)
            return WorldDirectory.At(parsed.GetValue(Data)!);
        return AskedFor(parsed)
            ?? WorldDirectory.At(Contexts.OfUser().Find(name) ?? parsed.GetValue(Data)!);
    }

    /// <summary>Asks before something is taken away.</summary>
    /// <exception cref="PelagoException">PLG1202 when nobody can be asked; PLG1207 when the answer is no.</exception>
    public void Confirm(ParseResult parsed, Option<bool> yes, string question)
    {
        if (parsed.GetValue(yes))
            return;
        if (parsed.GetValue(NoInput) || Console.IsInputRedirected)
        {
            throw new Failure(ErrorCodes.InvalidArgument, "This takes something away and nobody can be asked.",
                "Repeat the command with --yes.").ToException();
        }
        Terminal.Error.Write($"{question} [y/N] ");
        if (Console.ReadLine()?.Trim() is not ("y" or "Y" or "yes"))
            throw new Failure(ErrorCodes.Interrupted, "Nothing was changed.", "").ToException();
    }

    private WorldDirectory? AskedFor(ParseResult parsed)
        => parsed.GetResult(Data) is { Implicit: false } ? WorldDirectory.At(parsed.GetValue(Data)!) : null;

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

    /// <summary>A verb that is a process of a world. Told to end (SIGTERM, SIGINT), it ends in good order; that its
    /// starter's terminal is gone (SIGHUP) is nothing to it.</summary>
    public Command Role(string name, string description, Func<string, CancellationToken, Task> run)
    {
        var home = new Option<string>("--home")
        {
            Description = "Home directory of the process; holds its config.json.", HelpName = "DIR", Required = true,
        };
        var command = new Command(name, description) { home };
        command.Hidden = true;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var told = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            void End(PosixSignalContext signal)
            {
                signal.Cancel = true;
                // In the role's log, so that an end on request can be told from an end without a word.
                Console.Out.WriteLine($"{Time.GetUtcNow():O} told to end by {signal.Signal}");
                CancelLate(told);
            }

            using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
            using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
            using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
            await run(Path.GetFullPath(parsed.GetRequiredValue(home)), told.Token);
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
            CancelLate(interrupted);
        }

        using var terminal = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var ended = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        return await run(parsed, interrupted.Token);
    }

    // A signal that came as the verb ended is handled after the end: on another thread, which nobody waits for.
    private static void CancelLate(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // There is nothing left to interrupt.
        }
    }
}
