namespace Pelago.Tests.EndToEnd;

/// <summary>The commands that documents print, run as they stand there, one after the other without a pause: a reader
/// who pastes a whole block must see what the text says.</summary>
public sealed class DocumentTests
{
    private const int PortBase = 27_400;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("README.md",
        "moby-dick",
        "moby-dick",
        "dracula moby-dick",
        "dracula moby-dick")]
    [InlineData("docs/guide/first-steps.md",
        "moby-dick",
        "moby-dick",
        "dracula",
        "dracula",
        "dracula moby-dick",
        "dracula moby-dick",
        "dracula middlemarch moby-dick")]
    public async Task Commands_OfADocument_DoWhatItSays(string document, params string[] carts)
    {
        var directory = Directory.CreateTempSubdirectory("pelago-read-");
        try
        {
            var script = await WriteScriptAsync(directory.FullName, document);
            var result = await Command.RunProgramAsync("bash", script);
            try
            {
                result.ShouldExitWith(0);
                var answers = result.Output.Split('\n').Select(CartOf).OfType<string>();
                answers.ShouldBe(carts, result.Output);
                result.Output.ShouldContain("All regions hold the same.");
                result.Output.ShouldContain("The world is down.");
            }
            finally
            {
                await Command.RunProgramAsync("bash", "-c", $"cd {directory.FullName} && ./pelago down");
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>Everything in the document's blocks but the tests themselves, on ports of its own. A command that fails
    /// ends it, and so does an answer that is an error.</summary>
    private static async Task<string> WriteScriptAsync(string directory, string document)
    {
        var pelago = Path.Combine(directory, "pelago");
        await File.WriteAllTextAsync(pelago, $"#!/bin/bash\nexec {Command.Root}/pelago \"$@\"\n", Stop);
        File.SetUnixFileMode(pelago, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var lines = new List<string>
        {
            "set -euo pipefail", $"cd {directory}", "exec 2>&1",
            "curl() { command curl --silent --show-error --fail-with-body \"$@\"; echo; }",
        };
        var inside = false;
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(Command.Root, document), Stop))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
                inside = line == "```bash";
            else if (inside && !line.StartsWith("./pelago test", StringComparison.Ordinal))
                lines.Add(OnOwnPorts(line));
        }
        lines.Count.ShouldBeGreaterThan(10, $"{document} prints commands");
        var script = Path.Combine(directory, "script");
        await File.WriteAllLinesAsync(script, lines, Stop);
        return script;
    }

    private static string OnOwnPorts(string line)
        => line.Replace("./pelago up", $"./pelago up --port-base {PortBase}", StringComparison.Ordinal)
            .Replace(":7520", $":{PortBase + 120}", StringComparison.Ordinal)
            .Replace(":7620", $":{PortBase + 220}", StringComparison.Ordinal);

    /// <summary>What a printed cart holds; null for any other line.</summary>
    private static string? CartOf(string line)
    {
        if (!line.StartsWith("{\"id\":", StringComparison.Ordinal))
            return null;
        using var cart = System.Text.Json.JsonDocument.Parse(line);
        return string.Join(' ', cart.RootElement.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("sku").GetString()));
    }
}
