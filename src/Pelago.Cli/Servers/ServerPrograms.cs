using System.Globalization;
using System.Text.RegularExpressions;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>PostgreSQL's programs on this machine.</summary>
/// <param name="Directory">Where <c>initdb</c> and <c>postgres</c> are.</param>
/// <param name="Major">Their major version.</param>
internal sealed partial record ServerPrograms(string Directory, int Major)
{
    /// <summary>Names the directory of the programs, instead of the usual places.</summary>
    public const string Variable = "PELAGO_POSTGRES_BIN";

    /// <summary>Oldest version that journals open on.</summary>
    public const int OldestMajor = 15;

    private const string Debian = "/usr/lib/postgresql"; // one directory a major version

    /// <summary>The program that makes a server's directory.</summary>
    public string InitDb => Path.Combine(Directory, "initdb");

    /// <summary>Finds the programs: those that a variable names, else the newest of the usual places; for data that is
    /// there already, those of its version.</summary>
    /// <param name="variable">Looks an environment variable up.</param>
    /// <param name="wanted">Major version of the data, or null for the newest.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PelagoException">PLG1118: there are none; PLG4023: they are too old.</exception>
    public static async Task<ServerPrograms> FindAsync(
        Func<string, string?> variable, int? wanted, CancellationToken cancellationToken)
    {
        var named = variable(Variable) is { Length: > 0 } value ? value : null;
        var places = named is not null ? [Path.GetFullPath(named)] : UsualPlaces(variable("PATH"));
        var found = new List<ServerPrograms>();
        foreach (var place in places.Where(IsComplete))
        {
            var (_, said) = await ProgramRun.RunAsync([Path.Combine(place, "postgres"), "--version"],
                cancellationToken);
            if (MajorOf(said) is { } major)
                found.Add(new ServerPrograms(place, major));
        }
        return Choose(found, wanted, named);
    }

    /// <summary>Which of the programs that were found fit.</summary>
    internal static ServerPrograms Choose(IReadOnlyList<ServerPrograms> found, int? wanted, string? named)
    {
        var where = named is null ? "on this machine" : $"in '{named}' ({Variable})";
        var fitting = found.Where(p => wanted is null || p.Major == wanted).MaxBy(p => p.Major);
        if (fitting is null)
        {
            var version = (wanted ?? OldestMajor).ToString(CultureInfo.InvariantCulture);
            throw new Failure(ErrorCodes.ServerProgramsMissing, wanted is null || found.Count == 0
                    ? $"initdb and postgres are not {where}."
                    : $"The world's servers were made with PostgreSQL {version}, which is not {where}.",
                $"Install it (Debian: apt-get install postgresql-{version}), or name its directory with {Variable}.")
                .ToException();
        }
        return fitting.Major >= OldestMajor ? fitting : throw new Failure(ErrorCodes.JournalServerOld, string.Create(
                CultureInfo.InvariantCulture, $"The newest PostgreSQL {where} is {fitting.Major}."),
            string.Create(CultureInfo.InvariantCulture, $"Pelago needs PostgreSQL {OldestMajor} or newer: install it, ")
                + $"or name its directory with {Variable}.").ToException();
    }

    /// <summary>The major version that <c>postgres --version</c> tells, or null.</summary>
    internal static int? MajorOf(string said)
        => Version().Match(said) is { Success: true } match
            ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    private static IEnumerable<string> UsualPlaces(string? path)
        => (System.IO.Directory.Exists(Debian)
                ? System.IO.Directory.EnumerateDirectories(Debian).Select(d => Path.Combine(d, "bin")) : [])
            .Concat((path ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted));

    private static bool IsComplete(string directory)
        => File.Exists(Path.Combine(directory, "initdb")) && File.Exists(Path.Combine(directory, "postgres"));

    [GeneratedRegex(@"^postgres \(PostgreSQL\) (\d{1,4})")]
    private static partial Regex Version();
}
