using System.CommandLine;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary><c>pelago logs [NAME]</c>.</summary>
internal static class LogsVerb
{
    private const int DefaultLines = 20;

    private static readonly TimeSpan FollowInterval = TimeSpan.FromMilliseconds(250);

    public static Command Create(VerbContext context)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "supervisor, wan, federation, a region, or PROJECT.SERVICE. Default: all.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var lines = VerbContext.Number<int>(
            "--lines", $"Lines from the end of each (default {DefaultLines}).", "N", 0, 1_000_000);
        lines.Aliases.Add("-n");
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written." };
        var verb = context.Verb("logs", "Shows logs of processes and services.",
            ["pelago logs", "pelago logs us-east-1 -n 100", "pelago logs demo.bookstore --follow"],
            async (parsed, cancellationToken) =>
            {
                var world = RunningWorld.Open(context.World(parsed), context.Time);
                var files = Select(world, parsed.GetValue(name));
                var positions = files.ToDictionary(
                    file => file.Path,
                    file => ShowTail(context.Terminal, file, parsed.GetValue(lines) ?? DefaultLines, files.Count > 1));
                while (parsed.GetValue(follow))
                {
                    await Task.Delay(FollowInterval, context.Time, cancellationToken);
                    foreach (var file in files)
                        positions[file.Path] = ShowFrom(context.Terminal, file, positions[file.Path], files.Count > 1);
                }
                return 0;
            });
        verb.Add(name);
        verb.Add(lines);
        verb.Add(follow);
        return verb;
    }

    private static List<LogFile> Select(RunningWorld world, string? name)
    {
        var roles = world.RoleSpecs().Prepend(new RoleSpec(RoleNames.Supervisor, [], world.Directory.SupervisorHome));
        var all = (
            from role in roles
            let logs = Path.Combine(role.Home, "log")
            where Directory.Exists(logs)
            from path in Directory.EnumerateFiles(logs, "*.log").Order(StringComparer.Ordinal)
            select new LogFile(role.Name.Split('/')[^1], Path.GetFileNameWithoutExtension(path), path)).ToList();
        var chosen = all.Where(file => name is null || file.Role == name || file.Name == name).ToList();
        if (chosen.Count > 0 || name is null)
            return chosen;
        var names = all.SelectMany(file => new[] { file.Role, file.Name }).Distinct().Order(StringComparer.Ordinal);
        throw new Failure(ErrorCodes.ServiceUnknown, $"There is no log of '{name}'.",
            $"Logs: {string.Join(", ", names)}.")
            .ToException();
    }

    private static long ShowTail(Terminal terminal, LogFile file, int count, bool named)
    {
        var lines = new Queue<string>();
        var end = Read(file.Path, count, lines);
        if (lines.Count < count && File.Exists(LogRotation.Aside(file.Path, 1)))
        {
            var recent = lines.ToList(); // begun a moment ago: what was put aside comes before
            lines.Clear();
            Read(LogRotation.Aside(file.Path, 1), count - recent.Count, lines);
            recent.ForEach(lines.Enqueue);
        }
        foreach (var line in lines)
            terminal.Line(named ? $"{file.Label} | {line}" : line);
        return end;
    }

    private static long Read(string path, int count, Queue<string> lines)
    {
        const int mostBytesPerLine = 4096;
        using var stream = Open(path);
        stream.Position = Math.Max(0, stream.Length - (long)Math.Max(0, count) * mostBytesPerLine);
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            lines.Enqueue(line);
            if (lines.Count > count)
                lines.Dequeue();
        }
        return stream.Length;
    }

    private static long ShowFrom(Terminal terminal, LogFile file, long position, bool named)
    {
        using var stream = Open(file.Path);
        if (stream.Length < position)
            position = 0; // it was put aside and begun again
        stream.Position = position;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
            terminal.Line(named ? $"{file.Label} | {line}" : line);
        return stream.Length;
    }

    private static FileStream Open(string path)
        => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private sealed record LogFile(string Role, string Name, string Path)
    {
        public string Label
            => Role == Name || Name.EndsWith("-" + Role, StringComparison.Ordinal) ? Role : $"{Role} {Name}";
    }
}
