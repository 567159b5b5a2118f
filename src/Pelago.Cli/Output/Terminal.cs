using Pelago.Model;
using Spectre.Console;

namespace Pelago.Cli;

/// <summary>Where a command writes: data to standard output, everything else to standard error. Colours only on a
/// terminal and never with <c>NO_COLOR</c> (no-color.org).</summary>
internal sealed class Terminal
{
    private const int RedirectedWidth = 400;

    // Waits for several roles report side by side; a message is one piece.
    private readonly Lock _saying = new();
    private readonly IAnsiConsole _data;
    private readonly IAnsiConsole _messages;
    private readonly StringWriter _message = new();

    public Terminal(TextWriter output, TextWriter error, bool colourOutput, bool colourError)
    {
        (Out, Error) = (output, error);
        _data = Console(output, colourOutput);
        _messages = Console(_message, colourError);
        IsInteractive = colourOutput;
    }

    /// <summary>The process's own streams.</summary>
    public static Terminal OfProcess()
    {
        var plain = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            || Environment.GetEnvironmentVariable("TERM") is "dumb";
        return new Terminal(
            System.Console.Out, System.Console.Error,
            !plain && !System.Console.IsOutputRedirected, !plain && !System.Console.IsErrorRedirected);
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    /// <summary>Whether output may be redrawn.</summary>
    public bool IsInteractive { get; }

    /// <summary>A table of data; the first row of widths is left to the terminal.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (var column in columns)
        {
            var title = new Text(column, new Style(decoration: Decoration.Bold));
            table.AddColumn(new TableColumn(title) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        }
        foreach (var row in rows)
            table.AddRow(row.Select(cell => (Spectre.Console.Rendering.IRenderable)new Text(cell, StyleOf(cell))));
        _data.Write(table);
    }

    /// <summary>Writes a list for scripts when the format is one of theirs.</summary>
    /// <param name="items">The list.</param>
    /// <param name="format">What was asked for.</param>
    /// <param name="name">What <c>-o name</c> shows of an item.</param>
    /// <returns>False when people are to see it: the caller writes a table.</returns>
    public bool Document<T>(IReadOnlyList<T> items, OutputFormat format, Func<T, string> name)
    {
        switch (format)
        {
            case OutputFormat.Json:
                Line(Formats.Json(items));
                return true;
            case OutputFormat.Yaml:
                Line(Formats.Yaml(items));
                return true;
            case OutputFormat.Name:
                foreach (var item in items)
                    Line(name(item));
                return true;
            default:
                return false;
        }
    }

    /// <summary>Clears the screen for what is shown again and again.</summary>
    public void Clear() => Out.Write("\u001b[H\u001b[2J");

    /// <summary>A line of data.</summary>
    public void Line(string text) => Out.WriteLine(text);

    /// <summary>Says what happens, on standard error.</summary>
    public void Say(string message)
    {
        lock (_saying)
            Error.WriteLine(message);
    }

    /// <summary>Says what happens to a role, on standard error.</summary>
    public void Progress(string role, string state, string detail = "")
    {
        Message(new Paragraph($"  {role,-24}").Append(state, StyleOf(state))
            .Append(detail.Length == 0 ? "" : $"  {detail}"));
    }

    /// <summary>Says what failed: <c>error PLG1203: region 'eu-west-9' does not exist. Regions: …</c></summary>
    public void Fail(Failure failure)
    {
        Message(new Paragraph("error", new Style(Color.Red)).Append($" {failure}"));
    }

    private void Message(Paragraph line)
    {
        lock (_saying)
        {
            _messages.Write(line.Append(Environment.NewLine));
            Error.Write(_message.ToString());
            _message.GetStringBuilder().Clear();
        }
    }

    private static Style StyleOf(string word) => word.ToLowerInvariant() switch
    {
        "ready" or "running" or "live" or "ok" => new Style(Color.Green),
        "starting" or "restarting" or "fetching" or "catchingup" or "degraded" or "stopped" or "warning"
            => new Style(Color.Yellow),
        "down" or "unreachable" or "failing" or "failed" or "cut" or "partitioned" => new Style(Color.Red),
        _ => Style.Plain,
    };

    private static IAnsiConsole Console(TextWriter writer, bool colour)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        // A script's line ends where the data ends, not where some terminal would.
        if (!colour)
            console.Profile.Width = RedirectedWidth;
        return console;
    }
}
