using System.Globalization;

namespace Pelago.Cli;

/// <summary>Where a region's PostgreSQL server keeps what. The home and everything in it are the world's owner's; only
/// the data belongs to whom the server runs as.</summary>
/// <param name="Path">The home directory.</param>
internal sealed record ServerHome(string Path)
{
    /// <summary>Who may do everything on the server.</summary>
    public const string Administrator = "pelago";

    public string ConfigFile => In("config.json");

    /// <summary>The administrator's password (0600).</summary>
    public string PasswordFile => In("admin.password");

    /// <summary>The server's directory, as PostgreSQL lays it out.</summary>
    public string Data => In("data");

    /// <summary>A directory that is being made: it becomes <see cref="Data"/> as a whole.</summary>
    public string UnfinishedData => In("data.new");

    /// <summary>The password, for the program that makes the directory and for no longer than it runs.</summary>
    public string HandedPassword => In("initdb.password");

    /// <summary>Where a running server notes its process id.</summary>
    public string PidFile => System.IO.Path.Combine(Data, "postmaster.pid");

    /// <summary>Major version of the data; null while there is none.</summary>
    public int? Major
    {
        get
        {
            var file = System.IO.Path.Combine(Data, "PG_VERSION");
            return File.Exists(file)
                && int.TryParse(File.ReadAllText(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture,
                    out var major) ? major : null;
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
