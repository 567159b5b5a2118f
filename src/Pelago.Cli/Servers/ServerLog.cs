namespace Pelago.Cli;

/// <summary>Finds in a PostgreSQL server's log why it ended.</summary>
internal static class ServerLog
{
    private const int TailBytes = 64 * 1024;
    private const string Fatal = "FATAL:", Hint = "HINT:";

    /// <summary>The last reason and the hint that came with it, or null.</summary>
    public static string? LastReason(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            stream.Position = Math.Max(0, stream.Length - TailBytes);
            using var reader = new StreamReader(stream);
            return LastReason(reader.ReadToEnd().Split('\n'));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The same, of lines. What a server says to sessions while it starts or ends is no reason.</summary>
    internal static string? LastReason(IReadOnlyList<string> lines)
    {
        for (var i = lines.Count - 1; i >= 0; i--)
        {
            if (After(lines[i], Fatal) is not { } reason
                || reason.StartsWith("the database system", StringComparison.Ordinal)
                || reason.StartsWith("terminating connection", StringComparison.Ordinal))
                continue;
            var hint = lines.Skip(i + 1).Take(2).Select(line => After(line, Hint)).FirstOrDefault(h => h is not null);
            return hint is null ? reason : $"{reason}. {hint}";
        }
        return null;
    }

    private static string? After(string line, string mark)
        => line.IndexOf(mark, StringComparison.Ordinal) is >= 0 and var at ? line[(at + mark.Length)..].Trim() : null;
}
