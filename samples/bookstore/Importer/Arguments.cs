using System.Globalization;

namespace Bookstore.Importer;

/// <summary>The command line.</summary>
/// <param name="File">The index.</param>
/// <param name="Url">The service.</param>
public sealed record Arguments(string File, Uri Url)
{
    /// <summary>What <c>--help</c> prints.</summary>
    public const string Help = """
        Loads a Debian package index into a bookstore: each package becomes a book, the highest version wins.

          apt-cache dumpavail > index
          import index --url http://localhost:5000
          import index --cacert .pelago/trust/bundle.pem \
            --url https://bookstore-demo.us-east-1.apps.pelago.localhost:7520

        --url URL          the service
        --cacert FILE      roots to trust (PEM), instead of the system's
        --connections N    connections, and books under way (default 8)
        --retry-seconds N  how long one book is retried (default 300)
        --limit N          only the first N records
        --restart          begin anew instead of going on with an interrupted import
        """;

    /// <summary>Roots file or null.</summary>
    public string? Roots { get; private set; }

    /// <summary>Connections.</summary>
    public int Connections { get; private set; } = 8;

    /// <summary>Patience in seconds.</summary>
    public int RetrySeconds { get; private set; } = 300;

    /// <summary>Most records, or all.</summary>
    public int Limit { get; private set; } = int.MaxValue;

    /// <summary>Ignore an earlier import.</summary>
    public bool Restart { get; private set; }

    /// <summary>Parses; null with a message when something is wrong.</summary>
    public static Arguments? Parse(IReadOnlyList<string> args, out string mistake)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        var files = new List<string>();
        for (var i = 0; i < args.Count; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
                files.Add(args[i]);
            else if (args[i] == "--restart")
                options[args[i]] = "";
            else if (args[i] is "--url" or "--cacert" or "--connections" or "--retry-seconds" or "--limit"
                && i + 1 < args.Count)
                options[args[i]] = args[++i];
            else
                return Wrong($"'{args[i]}' is no option, or its value is missing", out mistake);
        }
        if (files.Count != 1)
            return Wrong("name one index file", out mistake);
        if (NoFile(files[0]) is { } noIndex)
            return Wrong(noIndex, out mistake);
        if (!Uri.TryCreate(options.GetValueOrDefault("--url"), UriKind.Absolute, out var url)
            || url.Scheme is not ("http" or "https"))
            return Wrong("--url needs an http or https URL", out mistake);
        var read = new Arguments(files[0], url) { Roots = options.GetValueOrDefault("--cacert"),
            Restart = options.ContainsKey("--restart") };
        if (read.Roots is { } roots && NoFile(roots) is { } noRoots)
            return Wrong(noRoots, out mistake);
        if (Number("--connections", 8, 256) is not { } connections
            || Number("--retry-seconds", 300, 86_400) is not { } retry
            || Number("--limit", int.MaxValue, int.MaxValue) is not { } limit)
            return Wrong("numbers are 1 to 256 (connections), 86400 (retry-seconds)", out mistake);
        mistake = "";
        return read with { Connections = connections, RetrySeconds = retry, Limit = limit };

        int? Number(string name, int otherwise, int most)
            => !options.TryGetValue(name, out var text) ? otherwise
                : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= 1
                    && value <= most
                    ? value : null;
    }

    private static string? NoFile(string path)
        => System.IO.File.Exists(path) ? null
            : $"'{path}' {(Directory.Exists(path) ? "is a directory, not a file" : "does not exist")}";

    private static Arguments? Wrong(string what, out string mistake)
    {
        mistake = what;
        return null;
    }
}
