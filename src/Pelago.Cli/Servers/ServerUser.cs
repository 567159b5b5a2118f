using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Whom PostgreSQL runs as. It refuses to run as root: then it is the user <c>postgres</c>, whom Debian's
/// package brings, and who has to be let into what root alone may enter.</summary>
/// <param name="Name">The user; null for oneself.</param>
internal sealed record ServerUser(string? Name)
{
    /// <summary>The user to whom root hands over.</summary>
    public const string Postgres = "postgres";

    private const int NoProgram = 127;

    /// <summary>Finds out.</summary>
    /// <exception cref="PelagoException">PLG1119: this is root, and there is no such user, or no program that becomes
    /// it.</exception>
    public static async Task<ServerUser> FindAsync(bool isRoot, CancellationToken cancellationToken)
    {
        if (!isRoot)
            return new ServerUser(Name: null);
        var user = new ServerUser(Postgres);
        var (code, said) = await ProgramRun.RunAsync(user.As(["true"]), cancellationToken);
        if (code == 0)
            return user;
        throw new Failure(ErrorCodes.ServerUserMissing, code == NoProgram
                ? "PostgreSQL does not run as root, and setpriv, which would run it as another user, is not here."
                : $"PostgreSQL does not run as root, and user '{Postgres}' cannot be used: {Sentence.End(said)}",
            code == NoProgram ? "Install it (Debian: apt-get install util-linux), or run pelago as another user."
                : "Install Debian's package postgresql-15, which brings that user, or run pelago as another user.")
            .ToException();
    }

    /// <summary>A command line that runs as this user. The process stays the same: nothing lies in between.</summary>
    public IReadOnlyList<string> As(IReadOnlyList<string> words) => Name is null ? words
        : ["setpriv", $"--reuid={Name}", $"--regid={Name}", "--init-groups", "--no-new-privs", .. words];

    /// <summary>Refuses a directory to which this user cannot come, before anything is made there.</summary>
    /// <param name="directory">Absolute; need not exist.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="PelagoException">PLG1120.</exception>
    public async Task RequireWayAsync(string directory, CancellationToken cancellationToken)
    {
        // The directory itself is ours to open; those above are not.
        var above = Path.GetDirectoryName(directory);
        while (above is not null && !Directory.Exists(above))
            above = Path.GetDirectoryName(above);
        if (Name is null || above is null || await MayEnterAsync(above, cancellationToken))
            return;
        throw new Failure(ErrorCodes.ServerShutOut,
            $"PostgreSQL runs as user '{Name}', who may not enter '{above}'.",
            "Choose a place that every user can reach, e.g. --data /var/lib/pelago, or run pelago as another user.")
            .ToException();
    }

    /// <summary>Lets this user pass through a directory of ours, and see nothing in it.</summary>
    public async Task LetThroughAsync(string directory, CancellationToken cancellationToken)
    {
        if (Name is null || await MayEnterAsync(directory, cancellationToken))
            return;
        await RunAsync(["chgrp", Name, directory], cancellationToken);
        File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | UnixFileMode.GroupExecute);
    }

    /// <summary>Gives a file or an empty directory to this user.</summary>
    public async Task GiveAsync(string path, CancellationToken cancellationToken)
    {
        if (Name is not null)
            await RunAsync(["chown", $"{Name}:{Name}", path], cancellationToken);
    }

    private async Task<bool> MayEnterAsync(string directory, CancellationToken cancellationToken)
        => (await ProgramRun.RunAsync(As(["test", "-x", directory]), cancellationToken)).ExitCode == 0;

    private static async Task RunAsync(IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        var (code, said) = await ProgramRun.RunAsync(words, cancellationToken);
        if (code != 0)
        {
            throw new Failure(ErrorCodes.ServerNotMade, Sentence.End($"'{string.Join(' ', words)}' failed: {said}"),
                "Put the world on a file system that knows owners, or run pelago as another user than root.")
                .ToException();
        }
    }
}
